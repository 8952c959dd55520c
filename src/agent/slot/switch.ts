import { type Failure, fail, type Result } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RunnerStats } from '../../ports/model-runner.ts';
import type { HeldModel } from './held-model.ts';
import { runInPieces } from './in-pieces.ts';

export type SwitchNeeds = {
  readonly clock: Clock;
  /** Another model answers from here on: told between two batches. */
  readonly onServing: (model: HeldModel) => void;
  /** Told of every answer, before the pipeline has it. */
  readonly onAnswered: (by: HeldModel, batch: Float32Array, scores: Float32Array, count: number, ms: number) => void;
  readonly onFailed: (by: HeldModel, count: number, reason: Failure) => void;
};

const NOTHING_RUNS: RunnerStats = {
  state: 'stopped',
  restarts: 0,
  lastFailure: undefined,
  rssBytes: 0,
  pid: undefined,
  cpuMs: 0,
};

/**
 * Lets one model answer, and another from the next run on. A switch turns a pointer at the beginning of a run, so it lies
 * between two batches: no window is lost, none is answered twice. A run that fails because its model is on the way out is
 * done again by the one that comes in.
 */
export class Switch {
  readonly #needs: SwitchNeeds;
  readonly #listeners = new Set<(ready: boolean) => void>();
  #active: HeldModel | undefined;
  /** Answers from the next run on. */
  #next: HeldModel | undefined;
  #deaf: () => void = () => {};
  /** Restarts of the models before this one while they answered, less those of this one before it did. */
  #restartsBefore = 0;

  constructor(needs: SwitchNeeds) {
    this.#needs = needs;
  }

  /** The model that answers, or will from the next run on. */
  get serving(): HeldModel | undefined {
    return this.#next ?? this.#active;
  }

  get ready(): boolean {
    return this.serving?.runner.ready ?? false;
  }

  onReady(listener: (ready: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Lets a model answer from the next run on, and wakes the pipeline for it. */
  become(held: HeldModel): void {
    this.#restartsBefore = this.stats().restarts - held.runner.stats().restarts;
    this.#next = held;
    this.#deaf();
    this.#deaf = held.runner.onReady((ready) => this.#tell(ready));
    this.#tell(held.runner.ready);
  }

  /** Nothing answers any more, until another becomes the one that does. */
  leave(): void {
    this.#restartsBefore = this.stats().restarts;
    this.#deaf();
    this.#deaf = () => {};
    this.#next = undefined;
    this.#active = undefined;
    this.#tell(false);
  }

  async run(batch: Float32Array, count: number): Promise<Result<Float32Array>> {
    const first = this.#turn();
    if (first === undefined) return fail('E_RUNNER_UNAVAILABLE', 'no model is loaded');
    const answered = await this.#runOn(first, batch, count);
    if (answered.ok || this.#next === undefined || this.#next === first) return answered;
    const second = this.#turn();
    return second === undefined ? answered : this.#runOn(second, batch, count);
  }

  /** Those of the model that answers. Its restarts go on from those of the models before it, as a counter must. */
  stats(): RunnerStats {
    const stats = this.serving?.runner.stats() ?? NOTHING_RUNS;
    return { ...stats, restarts: stats.restarts + this.#restartsBefore };
  }

  stop(): void {
    this.#deaf();
  }

  #tell(ready: boolean): void {
    for (const listener of [...this.#listeners]) listener(ready);
  }

  /** Between two batches: takes up the model that was to come next. */
  #turn(): HeldModel | undefined {
    const next = this.#next;
    if (next !== undefined) {
      this.#next = undefined;
      this.#active = next;
      this.#needs.onServing(next);
    }
    return this.#active;
  }

  async #runOn(held: HeldModel, batch: Float32Array, count: number): Promise<Result<Float32Array>> {
    const { clock, onAnswered, onFailed } = this.#needs;
    const startedMs = clock.monotonic();
    const answered = await runInPieces(held, batch, count);
    if (answered.ok) onAnswered(held, batch, answered.value, count, clock.monotonic() - startedMs);
    else onFailed(held, count, answered.error);
    return answered;
  }
}
