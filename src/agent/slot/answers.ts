import type { AlarmRule } from '../../domain/agent-spec.ts';
import type { Manifest } from '../../domain/manifest.ts';

/** One row of scores, read as the verdicts need it. */
export type Answer = {
  readonly finite: boolean;
  /** Index of its bin: the best label, or the bin of the value between the edges of the reference. */
  readonly bin: number;
  /** The first score: the value of a regression. */
  readonly value: number;
  readonly alarming: boolean;
};

/** Reads rows of scores of models that share one output contract. */
export class AnswerReader {
  readonly bins: number;
  readonly labels: number;
  readonly #edges: readonly number[] | undefined;
  readonly #rules: readonly { rule: AlarmRule; columns: readonly number[] }[];

  constructor({ task, output }: Manifest, alarms: readonly AlarmRule[]) {
    this.labels = output.labels.length;
    this.#edges = task === 'classification' ? undefined : (output.reference?.edges ?? []);
    this.bins = this.#edges === undefined ? this.labels : this.#edges.length + 1;
    this.#rules = alarms.map((rule) => ({
      rule,
      columns: rule.labels?.map((label) => output.labels.indexOf(label)) ?? [0],
    }));
  }

  read(scores: Float32Array, row: number): Answer {
    const at = row * this.labels;
    let best = 0;
    for (let i = 0; i < this.labels; i++) {
      const score = scores[at + i] as number;
      if (!Number.isFinite(score)) return NOT_FINITE;
      if (score > (scores[at + best] as number)) best = i;
    }
    const value = scores[at] as number;
    return {
      finite: true,
      bin: this.#edges === undefined ? best : binOf(this.#edges, value),
      value,
      alarming: this.#alarms(scores, at),
    };
  }

  #alarms(scores: Float32Array, at: number): boolean {
    return this.#rules.some(({ rule, columns }) => {
      const signal = columns.reduce((sum, column) => sum + (scores[at + column] as number), 0);
      return rule.direction === 'above' ? signal >= rule.raise : signal <= rule.raise;
    });
  }
}

const NOT_FINITE: Answer = { finite: false, bin: 0, value: Number.NaN, alarming: false };

function binOf(edges: readonly number[], value: number): number {
  const at = edges.findIndex((edge) => value < edge);
  return at < 0 ? edges.length : at;
}
