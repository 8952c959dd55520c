import { type Failure, fail, ok, type Result } from '../../domain/errors.ts';
import type { LoadedModel, ModelRunner, ModelToLoad, RunnerStats } from '../../ports/model-runner.ts';
import { ReadyFlag } from './ready-flag.ts';
import { openSession, type Session } from './session.ts';

export type InlineRunnerOptions = {
  readonly threads: number;
  /** Finds the execution provider for the device that was asked for. */
  readonly provider: () => Promise<Result<string>>;
};

/**
 * Runs a model inside the agent's own process: the shortest path, for tiny models that are trusted. Native code cannot
 * be interrupted here, so a run has no deadline, and a crash takes the agent with it.
 */
export class InlineRunner implements ModelRunner {
  readonly #options: InlineRunnerOptions;
  readonly #ready = new ReadyFlag();
  #state: RunnerStats['state'] = 'stopped';
  #session: Session | undefined;
  #running: Promise<unknown> | undefined;
  #lastFailure: Failure | undefined;

  constructor(options: InlineRunnerOptions) {
    this.#options = options;
  }

  get ready(): boolean {
    return this.#ready.value;
  }

  onReady(listener: (ready: boolean) => void): () => void {
    return this.#ready.listen(listener);
  }

  async start(model: ModelToLoad): Promise<Result<LoadedModel>> {
    if (this.#state !== 'stopped') throw new Error('this runner was started before');
    this.#state = 'starting';
    const opened = await this.#open(model);
    if (!opened.ok) {
      this.#state = 'stopped';
      this.#lastFailure = opened.error;
      return opened;
    }
    if (!this.#starting()) {
      await opened.value.close();
      return fail('E_RUNNER_UNAVAILABLE', 'it was stopped while it started');
    }
    this.#session = opened.value;
    this.#state = 'ready';
    this.#ready.set(true);
    return ok(opened.value.loaded);
  }

  run(batch: Float32Array, count: number): Promise<Result<Float32Array>> {
    if (this.#running !== undefined) throw new Error('a run is in flight: one at a time');
    if (this.#session === undefined) return Promise.resolve(fail('E_RUNNER_UNAVAILABLE', 'it is not started'));
    const running = this.#session.run(batch, count).then((result) => {
      this.#running = undefined;
      return result;
    });
    this.#running = running;
    return running;
  }

  stats(): RunnerStats {
    return { state: this.#state, restarts: 0, lastFailure: this.#lastFailure, rssBytes: 0, pid: undefined, cpuMs: 0 };
  }

  /** The run in flight, if any, ends first: memory that native code works on cannot be taken away. */
  async stop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#state = 'stopped';
    this.#ready.set(false);
    await this.#running;
    await session?.close();
  }

  async #open(model: ModelToLoad): Promise<Result<Session>> {
    const provider = await this.#options.provider();
    if (!provider.ok) return provider;
    return openSession(model, { provider: provider.value, threads: this.#options.threads });
  }

  #starting(): boolean {
    return this.#state === 'starting';
  }
}
