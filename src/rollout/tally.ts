import type { ModelOutput, Task } from '../domain/manifest.ts';
import type { Histogram, PairedFigures } from './figures.ts';

/** The median rests on the latest distances; more would only hide a drift. */
const MAX_DISTANCES = 1024;
/** Answers that hardly move have no spread to speak of: a tenth of their size is one. */
const LEAST_SPREAD = 0.1;

/** Counts how the finite answers of one model are spread. */
export class AnswerTally {
  readonly #binOf: (scores: Float32Array, at: number) => number;
  readonly #counts: number[];

  constructor(output: ModelOutput, task: Task) {
    const edges = output.reference?.edges ?? [];
    this.#counts = new Array(task === 'classification' ? output.labels.length : edges.length + 1).fill(0);
    this.#binOf = task === 'classification' ? topOf(output.labels.length) : (scores, at) => binOf(scores[at], edges);
  }

  /** Adds one window, whose scores start at `at`. */
  add(scores: Float32Array, at: number): void {
    const bin = this.#binOf(scores, at);
    this.#counts[bin] = (this.#counts[bin] ?? 0) + 1;
  }

  counts(): Histogram {
    return [...this.#counts];
  }
}

export type PairTallyOptions = {
  readonly task: Task;
  readonly newer: ModelOutput;
  readonly older: ModelOutput;
};

/** Compares two models on the same windows. Labels are compared by name: their order may change between versions. */
export class PairTally {
  readonly #options: PairTallyOptions;
  readonly #labels: readonly string[];
  readonly #edges: readonly number[];
  readonly #newer: number[];
  readonly #older: number[];
  readonly #distances: number[] = [];
  #windows = 0;
  #disagreed = 0;
  #newerAlarming = 0;
  #olderAlarming = 0;
  /** Mean, mean of absolutes and sum of squared deviations of the older answers (Welford 1962). */
  #mean = 0;
  #size = 0;
  #deviations = 0;

  constructor(options: PairTallyOptions) {
    const { task, newer, older } = options;
    this.#options = options;
    this.#labels = [...new Set([...newer.labels, ...older.labels])];
    this.#edges = newer.reference?.edges ?? [];
    const bins = task === 'classification' ? this.#labels.length : this.#edges.length + 1;
    this.#newer = new Array(bins).fill(0);
    this.#older = new Array(bins).fill(0);
  }

  /** Adds one window that both answered with finite scores; `newerAt` and `olderAt` are where its scores start. */
  add(newer: Float32Array, newerAt: number, older: Float32Array, olderAt: number): void {
    this.#windows++;
    if (this.#options.task === 'classification') this.#addLabels(newer, newerAt, older, olderAt);
    else this.#addScores(newer[newerAt] ?? 0, older[olderAt] ?? 0);
  }

  /** Tells whether that window speaks for an alarm, by any rule. */
  addAlarms(newer: boolean, older: boolean): void {
    this.#newerAlarming += Number(newer);
    this.#olderAlarming += Number(older);
  }

  figures(): PairedFigures {
    return {
      windows: this.#windows,
      disagreed: this.#disagreed,
      medianDistance: this.#medianDistance(),
      newer: [...this.#newer],
      older: [...this.#older],
      newerAlarming: this.#newerAlarming,
      olderAlarming: this.#olderAlarming,
    };
  }

  #addLabels(newer: Float32Array, newerAt: number, older: Float32Array, olderAt: number): void {
    const mine = this.#label(this.#options.newer, newer, newerAt);
    const other = this.#label(this.#options.older, older, olderAt);
    count(this.#newer, mine);
    count(this.#older, other);
    if (mine !== other) this.#disagreed++;
  }

  #addScores(newer: number, older: number): void {
    count(this.#newer, binOf(newer, this.#edges));
    count(this.#older, binOf(older, this.#edges));
    const step = older - this.#mean;
    this.#mean += step / this.#windows;
    this.#deviations += step * (older - this.#mean);
    this.#size += (Math.abs(older) - this.#size) / this.#windows;
    if (this.#distances.length === MAX_DISTANCES) this.#distances.shift();
    this.#distances.push(Math.abs(newer - older));
  }

  #label({ labels }: ModelOutput, scores: Float32Array, at: number): number {
    return this.#labels.indexOf(labels[topOf(labels.length)(scores, at)] ?? '');
  }

  #medianDistance(): number {
    if (this.#distances.length === 0) return 0;
    const sorted = [...this.#distances].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
    const spread = Math.max(Math.sqrt(this.#deviations / this.#windows), LEAST_SPREAD * this.#size);
    if (median === 0) return 0;
    return spread === 0 ? Number.MAX_VALUE : median / spread;
  }
}

function count(counts: number[], bin: number): void {
  counts[bin] = (counts[bin] ?? 0) + 1;
}

/** Index of the highest of the scores of one window. */
function topOf(labels: number): (scores: Float32Array, at: number) => number {
  return (scores, at) => {
    let best = 0;
    for (let i = 1; i < labels; i++) if ((scores[at + i] ?? 0) > (scores[at + best] ?? 0)) best = i;
    return best;
  };
}

/** Bin of a value: the number of edges at or below it. */
function binOf(value: number | undefined, edges: readonly number[]): number {
  const above = edges.findIndex((edge) => (value ?? 0) < edge);
  return above < 0 ? edges.length : above;
}
