import type { AlarmRule } from '../../domain/agent-spec.ts';
import type { Failure } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CanaryFigures, WatchFigures } from '../../rollout/figures.ts';
import { AnswerReader } from './answers.ts';
import type { HeldModel } from './held-model.ts';
import { LiveTally } from './live-tally.ts';
import { Mirror } from './mirror.ts';
import { PairTally } from './pair-tally.ts';

export type ObservationNeeds = {
  /** In a canary the model beside is the newer one, in a watch the one that is live. */
  readonly what: 'canary' | 'watch';
  /** The model whose answers leave. */
  readonly live: HeldModel;
  /** The model that sees the same windows: a candidate, or the one before. */
  readonly beside: HeldModel | undefined;
  /** The runner beside is free when this resolves. */
  readonly after: Promise<unknown>;
  readonly alarms: readonly AlarmRule[];
  readonly clock: Clock;
};

/** Watches the model that answers, and another beside it on the same windows. Figures start at zero. */
export class Observation {
  readonly what: 'canary' | 'watch';
  readonly watched: HeldModel;
  readonly #reader: AnswerReader;
  readonly #live: LiveTally;
  readonly #beside: LiveTally | undefined;
  readonly #pair: PairTally;
  readonly #answers: number[];
  readonly #mirror: Mirror | undefined;

  constructor({ what, live, beside, after, alarms, clock }: ObservationNeeds) {
    const { manifest } = live;
    this.what = what;
    this.watched = live;
    this.#reader = new AnswerReader(manifest, alarms);
    this.#live = new LiveTally(live.runner, clock);
    this.#pair = new PairTally(this.#reader.bins, manifest.task === 'classification');
    this.#answers = new Array<number>(this.#reader.bins).fill(0);
    if (beside === undefined) return;
    const tally = new LiveTally(beside.runner, clock);
    this.#beside = tally;
    this.#mirror = new Mirror({
      model: beside,
      clock,
      tally,
      after,
      onAnswered: (mirrored, answers, count) => this.#compare(mirrored, answers, count),
    });
  }

  answered(batch: Float32Array, scores: Float32Array, count: number, ms: number): void {
    let nonFinite = 0;
    for (let row = 0; row < count; row++) {
      const { finite, bin } = this.#reader.read(scores, row);
      if (finite) this.#answers[bin] = (this.#answers[bin] ?? 0) + 1;
      else nonFinite++;
    }
    this.#live.answered(count, nonFinite, ms);
    this.#mirror?.show(batch, scores, count);
  }

  failed(count: number, reason: Failure): void {
    this.#live.failed(count, reason);
  }

  /** Undefined where it is no canary. */
  canary(): CanaryFigures | undefined {
    if (this.what !== 'canary' || this.#beside === undefined) return undefined;
    return { candidate: this.#beside.figures(), active: this.#live.figures(), paired: this.#pair.figures() };
  }

  /** Undefined where it is no watch. */
  watch(): WatchFigures | undefined {
    if (this.what !== 'watch') return undefined;
    const previous = this.#beside?.figures();
    return {
      active: this.#live.figures(),
      answers: [...this.#answers],
      previous,
      paired: previous === undefined ? undefined : this.#pair.figures(),
    };
  }

  /** Resolves when the runner beside is free. */
  async stop(): Promise<void> {
    await this.#mirror?.stop();
  }

  /** Returns how many of the mirrored answers are not finite. */
  #compare(mirrored: Float32Array, answers: Float32Array, count: number): number {
    let nonFinite = 0;
    for (let row = 0; row < count; row++) {
      const beside = this.#reader.read(mirrored, row);
      const live = this.#reader.read(answers, row);
      if (!beside.finite) nonFinite++;
      if (this.what === 'canary') this.#pair.add(beside, live);
      else this.#pair.add(live, beside);
    }
    return nonFinite;
  }
}
