import { type Failure, fail, failure, type Result, toFailure } from '../../domain/errors.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { LoadedModel, ModelRunner, ModelToLoad, RunnerStats } from '../../ports/model-runner.ts';
import { expectLoaded, expectScores, readLoaded, readScores } from './answers.ts';
import { restartDelayMs, STABLE_MS } from './backoff.ts';
import { FRAME, MAX_BODY_BYTES } from './frames.ts';
import { loadRequest } from './load-request.ts';
import { ReadyFlag } from './ready-flag.ts';
import { type Launch, RunnerProcess } from './runner-process.ts';

export type ProcessRunnerOptions = {
  /** Checks what must be true before the first start, and finds the execution provider. */
  readonly provider: () => Promise<Result<string>>;
  readonly launch: Launch;
  readonly threads: number;
  /** A batch that takes longer costs the process its life. */
  readonly deadlineMs: number;
  readonly loadDeadlineMs: number;
  readonly memoryBytes: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
};

/** Start of the process, load, warm-up and measuring; an old flash card under load is slow. */
export const LOAD_DEADLINE_MS = 30_000;

/** The rest of a load frame is for its head. */
const MAX_MODEL_BYTES = MAX_BODY_BYTES - 2 ** 20;

/** Runs a model in a child process, and brings that back when it dies. It keeps the model's bytes for that. */
export class ProcessRunner implements ModelRunner {
  readonly #options: ProcessRunnerOptions;
  readonly #ready = new ReadyFlag();
  #state: RunnerStats['state'] = 'stopped';
  #model: ModelToLoad | undefined;
  #provider = '';
  #process: RunnerProcess | undefined;
  #running = false;
  #restarts = 0;
  #failuresInRow = 0;
  #readySince = 0;
  #lastFailure: Failure | undefined;
  #cpuMsOfEnded = 0;
  #cancelRestart: Cancel = () => {};

  constructor(options: ProcessRunnerOptions) {
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
    this.#model = model;
    const provider = model.bytes.length > MAX_MODEL_BYTES ? tooLarge(model) : await this.#options.provider();
    if (provider.ok) this.#provider = provider.value;
    const loaded = provider.ok ? await this.#launch(model) : provider;
    if (!loaded.ok) this.#giveUp(loaded.error);
    return loaded;
  }

  run(batch: Float32Array, count: number): Promise<Result<Float32Array>> {
    if (this.#running) throw new Error('a run is in flight: one at a time');
    const child = this.#process;
    if (!this.ready || child === undefined) return Promise.resolve(fail('E_RUNNER_UNAVAILABLE', this.#state));
    this.#running = true;
    const header = { type: FRAME.run, count };
    const body = [new Uint8Array(batch.buffer, batch.byteOffset, batch.byteLength)];
    const labels = this.#model?.output.labels.length ?? 0;
    return child.ask(header, body, expectScores(count * labels), this.#options.deadlineMs).then((answered) => {
      this.#running = false;
      const scores = answered.ok ? readScores(answered.value) : answered;
      if (!scores.ok && scores.error.code === 'E_RUNNER_PROTOCOL') child.end(scores.error);
      return scores;
    });
  }

  stats(): RunnerStats {
    const { rssBytes, cpuMs } = this.#process?.usage() ?? { rssBytes: 0, cpuMs: 0 };
    return {
      state: this.#state,
      restarts: this.#restarts,
      lastFailure: this.#lastFailure,
      rssBytes,
      pid: this.#process?.pid,
      cpuMs: this.#cpuMsOfEnded + cpuMs,
    };
  }

  async stop(deadlineMs: number): Promise<void> {
    this.#state = 'stopped';
    this.#cancelRestart();
    this.#ready.set(false);
    await this.#process?.close(failure('E_RUNNER_UNAVAILABLE', 'it is stopped'), deadlineMs);
  }

  /** One life of the process, up to the loaded model. */
  async #launch(model: ModelToLoad): Promise<Result<LoadedModel>> {
    if (this.#state === 'stopped') return fail('E_RUNNER_UNAVAILABLE', 'it was stopped while it started');
    const { launch, memoryBytes, clock, log, threads, loadDeadlineMs } = this.#options;
    let child: RunnerProcess;
    try {
      const onEnd = (reason: Failure) => this.#onEnd(child, reason);
      child = RunnerProcess.spawn({ launch, memoryBytes, clock, log, onEnd });
    } catch (thrown) {
      const reason = toFailure(thrown, 'E_RUNNER_CRASHED');
      this.#onEnd(undefined, reason);
      return { ok: false, error: reason };
    }
    this.#process = child;
    const { header, body } = loadRequest(model, { provider: this.#provider, threads });
    const answered = await child.ask(header, body, expectLoaded, loadDeadlineMs);
    const loaded = answered.ok ? readLoaded(answered.value) : answered;
    if (!loaded.ok) child.end(loaded.error);
    else if (!this.#becomeReady(child)) return fail('E_RUNNER_UNAVAILABLE', 'it ended while it started');
    return loaded;
  }

  /** False when it was stopped, or died, between its answer and now. */
  #becomeReady(child: RunnerProcess): boolean {
    if (this.#state === 'stopped' || this.#process !== child) return false;
    this.#state = 'ready';
    this.#readySince = this.#options.clock.monotonic();
    this.#options.log.info({ pid: child.pid, restarts: this.#restarts }, 'runner is ready');
    this.#ready.set(true);
    return true;
  }

  /** A first load that fails is final: whoever started the runner is told, and decides. */
  #giveUp(reason: Failure): void {
    this.#state = 'stopped';
    this.#lastFailure = reason;
    this.#model = undefined;
  }

  #onEnd(child: RunnerProcess | undefined, reason: Failure): void {
    this.#process = undefined;
    this.#cpuMsOfEnded += child?.usage().cpuMs ?? 0;
    if (this.#state === 'stopped' || this.#state === 'starting') return;
    const wasStable = this.#state === 'ready' && this.#options.clock.monotonic() - this.#readySince > STABLE_MS;
    this.#failuresInRow = wasStable ? 1 : this.#failuresInRow + 1;
    this.#lastFailure = reason;
    this.#restarts += 1;
    this.#state = 'restarting';
    this.#restartLater(reason);
    this.#ready.set(false);
  }

  #restartLater(reason: Failure): void {
    const { clock, log, random } = this.#options;
    const delayMs = restartDelayMs(this.#failuresInRow, random());
    log.warn({ code: reason.code, reason: reason.message, delayMs, restarts: this.#restarts }, 'runner is restarting');
    const model = this.#model;
    if (model !== undefined) this.#cancelRestart = clock.after(delayMs, () => void this.#launch(model));
  }
}

function tooLarge(model: ModelToLoad): Result<string> {
  return fail(
    'E_MODEL_LOAD',
    `${model.label} has ${model.bytes.length} bytes; a runner takes ${MAX_MODEL_BYTES} at most`,
  );
}
