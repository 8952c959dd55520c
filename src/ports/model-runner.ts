import type { Failure, Result } from '../domain/errors.ts';
import type { ModelInput, ModelOutput } from '../domain/manifest.ts';

/** What a runner is asked to load: the very bytes whose checksum was verified. */
export type ModelToLoad = {
  /** For logs: name@version/variant. */
  readonly label: string;
  readonly bytes: Uint8Array;
  readonly input: ModelInput;
  readonly output: ModelOutput;
};

export type LoadedModel = {
  /** The execution provider that really runs it: cpu, cuda, ... */
  readonly provider: string;
  readonly loadMs: number;
  /** Median time of one window alone, milliseconds, measured at load after a warm-up. */
  readonly singleMs: number;
  /** How much faster a window is inside a batch of 32 than alone; 1 means no gain. Measured at load. */
  readonly batchGain: number;
};

export type RunnerStats = {
  readonly state: 'stopped' | 'starting' | 'ready' | 'restarting';
  readonly restarts: number;
  readonly lastFailure: Failure | undefined;
  /** Resident set of the runner process, bytes; 0 for an inline runner. */
  readonly rssBytes: number;
  /** Process id; undefined for an inline runner, or while there is none. */
  readonly pid: number | undefined;
  /** CPU time of the runner processes so far, milliseconds; 0 for an inline runner. */
  readonly cpuMs: number;
};

/**
 * Runs one loaded model.
 *
 * Shapes: `batch` holds count x window x channels float32, row by row; the answer holds count x labels float32.
 * Concurrency: at most one `run` at a time; a second call while one is in flight is a bug and throws.
 * Time: `run` settles within the runner's deadline, always: with scores or with a failure. It never rejects.
 * Failure: a crash, hang, flood of output or memory limit fails the run in flight (E_RUNNER_*), is counted, and the
 * runner restarts by itself with backoff; `run` meanwhile fails at once with E_RUNNER_UNAVAILABLE. Other batches are
 * unharmed. A model error on one input is E_RUN_FAILED and restarts nothing.
 */
export interface ModelRunner {
  /** Loads the model. A first load that fails is told here, and nothing keeps running. */
  start(model: ModelToLoad): Promise<Result<LoadedModel>>;
  /** `batch` belongs to the caller again once the promise settles; the scores belong to the caller. */
  run(batch: Float32Array, count: number): Promise<Result<Float32Array>>;
  readonly ready: boolean;
  /** Tells when `ready` changes. Returns a function that ends the listening. */
  onReady(listener: (ready: boolean) => void): () => void;
  stats(): RunnerStats;
  /** Ends the runner and its process within `deadlineMs`, by force if needed. Idempotent. */
  stop(deadlineMs: number): Promise<void>;
}
