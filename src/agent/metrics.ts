import histogram from 'hdr-histogram-js/dist/Int32Histogram.js';
import { AGENT_COUNTERS, type AgentCounter } from '../domain/metrics.ts';
import { BAD_INPUT, type BadInput } from '../domain/reading.ts';

export type Counts<Name extends string> = Readonly<Record<Name, number>>;

/** Counts that start at 0 and only grow. Plain number fields: fit for the hot path. */
export class Counters<Name extends string> {
  readonly #counts: Record<Name, number>;

  constructor(names: readonly Name[]) {
    this.#counts = Object.fromEntries(names.map((name) => [name, 0])) as Record<Name, number>;
  }

  inc(name: Name, by = 1): void {
    this.#counts[name] += by;
  }

  snapshot(): Counts<Name> {
    return { ...this.#counts };
  }
}

/** Milliseconds. `count` 0 means that there is nothing to say, and the rest is 0. */
export type Percentiles = {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
};

export type MetricsSnapshot = {
  /** Since the start. */
  readonly counts: Counts<AgentCounter>;
  readonly bad: Counts<BadInput>;
  readonly latencyMs: Percentiles;
  /** Over the last one to two intervals: what `rotate` keeps. */
  readonly recent: {
    readonly counts: Counts<AgentCounter>;
    readonly badInputs: number;
    readonly latencyMs: Percentiles;
  };
};

/** Microseconds. A latency beyond a minute counts as a minute; two digits cost 11 KB a histogram and err by 1 %. */
const LOWEST_US = 1;
const HIGHEST_US = 60_000_000;
const DIGITS = 2;
const US_PER_MS = 1000;

type Histogram = InstanceType<typeof histogram.default>;

/**
 * What one agent counts, in bounded memory. Counters and latencies are cumulative; beside them the recent ones, over
 * the interval that runs and the one before it, so that an old stall neither hides nor pretends a new one.
 */
export class Metrics {
  readonly #counts = new Counters(AGENT_COUNTERS);
  readonly #bad = new Counters(Object.keys(BAD_INPUT) as BadInput[]);
  #current = newHistogram();
  #previous = newHistogram();
  /** Everything before `#current`. */
  readonly #older = newHistogram();
  #marks = [this.#mark(), this.#mark()] as const;

  inc(name: AgentCounter, by = 1): void {
    this.#counts.inc(name, by);
  }

  bad(reason: BadInput): void {
    this.#bad.inc(reason);
  }

  latency(ms: number): void {
    const us = Math.round(ms * US_PER_MS);
    this.#current.recordValue(us > LOWEST_US ? Math.min(us, HIGHEST_US) : LOWEST_US);
  }

  /** Ends an interval. Health calls it once a minute. */
  rotate(): void {
    this.#older.add(this.#current);
    const oldest = this.#previous;
    oldest.reset();
    this.#previous = this.#current;
    this.#current = oldest;
    this.#marks = [this.#marks[1], this.#mark()];
  }

  snapshot(): MetricsSnapshot {
    const counts = this.#counts.snapshot();
    const bad = this.#bad.snapshot();
    const [since] = this.#marks;
    return {
      counts,
      bad,
      latencyMs: percentiles(this.#older, this.#current),
      recent: {
        counts: difference(counts, since.counts),
        badInputs: sum(bad) - since.badInputs,
        latencyMs: percentiles(this.#previous, this.#current),
      },
    };
  }

  #mark(): { counts: Counts<AgentCounter>; badInputs: number } {
    return { counts: this.#counts.snapshot(), badInputs: sum(this.#bad.snapshot()) };
  }
}

/** The package's main file loads its WebAssembly and costs 45 ms at start; this one class costs 4. */
function newHistogram(): Histogram {
  return new histogram.default(LOWEST_US, HIGHEST_US, DIGITS);
}

function percentiles(first: Histogram, second: Histogram): Percentiles {
  const both = newHistogram();
  both.add(first);
  both.add(second);
  if (both.totalCount === 0) return { count: 0, p50: 0, p99: 0, p999: 0, max: 0 };
  const at = (percentile: number) => both.getValueAtPercentile(percentile) / US_PER_MS;
  return { count: both.totalCount, p50: at(50), p99: at(99), p999: at(99.9), max: both.maxValue / US_PER_MS };
}

function difference<Name extends string>(now: Counts<Name>, then: Counts<Name>): Counts<Name> {
  const names = Object.keys(now) as Name[];
  return Object.fromEntries(names.map((name) => [name, now[name] - then[name]])) as Record<Name, number>;
}

function sum(counts: Counts<BadInput>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
