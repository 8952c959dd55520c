import { type Failure, fail, failure, ok, type Result } from '../../src/domain/errors.ts';
import type { LoadedModel, ModelRunner, ModelToLoad, RunnerStats } from '../../src/ports/model-runner.ts';

export type FakeRunnerOptions = {
  /** Scores of one window; without it, label i gets (i + 1) times the sum of the window. */
  readonly score?: (window: Float32Array, labels: number) => ArrayLike<number>;
  readonly loaded?: Partial<LoadedModel>;
  /** What the start fails with. */
  readonly startFailure?: Failure | undefined;
};

/** A model runner without a model: it answers by a function, and fails, hangs and crashes when it is told to. */
export class FakeRunner implements ModelRunner {
  /** Windows of each run so far. */
  readonly counts: number[] = [];
  readonly #options: FakeRunnerOptions;
  readonly #listeners = new Set<(ready: boolean) => void>();
  #state: RunnerStats['state'] = 'stopped';
  #model: ModelToLoad | undefined;
  #restarts = 0;
  #lastFailure: Failure | undefined;
  #nextFailure: Failure | undefined;
  #hanging = false;
  #settle: ((result: Result<Float32Array>) => void) | undefined;
  #pending: (() => Result<Float32Array>) | undefined;

  constructor(options: FakeRunnerOptions = {}) {
    this.#options = options;
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  get running(): boolean {
    return this.#settle !== undefined;
  }

  onReady(listener: (ready: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async start(model: ModelToLoad): Promise<Result<LoadedModel>> {
    if (this.#state !== 'stopped') throw new Error('this runner was started before');
    const { startFailure, loaded } = this.#options;
    if (startFailure !== undefined) {
      this.#lastFailure = startFailure;
      return { ok: false, error: startFailure };
    }
    this.#model = model;
    this.#become('ready');
    return ok({ provider: 'cpu', loadMs: 1, singleMs: 0.01, batchGain: 10, ...loaded });
  }

  run(batch: Float32Array, count: number): Promise<Result<Float32Array>> {
    if (this.running) throw new Error('a run is in flight: one at a time');
    if (!this.ready) return Promise.resolve(fail('E_RUNNER_UNAVAILABLE', this.#state));
    this.counts.push(count);
    this.#pending = () => this.#answer(batch, count);
    return new Promise((resolve) => {
      this.#settle = resolve;
      if (!this.#hanging) queueMicrotask(() => this.release());
    });
  }

  /** The next run fails, and nothing restarts. */
  failNext(error: Failure = failure('E_RUN_FAILED', 'as the test wants')): void {
    this.#nextFailure = error;
  }

  /** Runs stay in flight from now on, until `release` or `crash`. */
  hang(): void {
    this.#hanging = true;
  }

  /** Answers the run in flight, if any, and hangs no more. */
  release(): void {
    this.#hanging = false;
    const pending = this.#pending;
    if (pending !== undefined) this.#end(pending());
  }

  /** Fails the run in flight and is not ready until `recover`. */
  crash(error: Failure = failure('E_RUNNER_CRASHED', 'as the test wants')): void {
    this.#hanging = false;
    this.#lastFailure = error;
    this.#restarts += 1;
    this.#end({ ok: false, error });
    this.#become('restarting');
  }

  recover(): void {
    if (this.#state === 'restarting') this.#become('ready');
  }

  stats(): RunnerStats {
    return {
      state: this.#state,
      restarts: this.#restarts,
      lastFailure: this.#lastFailure,
      rssBytes: 0,
      pid: undefined,
      cpuMs: 0,
    };
  }

  async stop(): Promise<void> {
    this.#become('stopped');
    if (this.#hanging) this.#end(fail('E_RUNNER_UNAVAILABLE', 'it is stopped'));
  }

  #answer(batch: Float32Array, count: number): Result<Float32Array> {
    const failed = this.#nextFailure;
    this.#nextFailure = undefined;
    if (failed !== undefined) return { ok: false, error: failed };
    const row = (this.#model?.input.window ?? 0) * (this.#model?.input.channels.length ?? 0);
    const labels = this.#model?.output.labels.length ?? 0;
    if (batch.length !== count * row) return fail('E_RUN_FAILED', `${batch.length} values for ${count} windows`);
    const score = this.#options.score ?? sums;
    const scores = new Float32Array(count * labels);
    for (let i = 0; i < count; i++) scores.set(score(batch.subarray(i * row, (i + 1) * row), labels), i * labels);
    return ok(scores);
  }

  #end(result: Result<Float32Array>): void {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#pending = undefined;
    settle?.(result);
  }

  #become(state: RunnerStats['state']): void {
    const before = this.ready;
    this.#state = state;
    if (before !== this.ready) for (const listener of [...this.#listeners]) listener(this.ready);
  }
}

function sums(window: Float32Array, labels: number): number[] {
  const sum = window.reduce((total, value) => total + value, 0);
  return Array.from({ length: labels }, (_, i) => sum * (i + 1));
}
