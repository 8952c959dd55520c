import type { Result } from '../../domain/errors.ts';
import type { ModelRef } from '../../domain/rollout.ts';
import type { LoadedModel } from '../../ports/model-runner.ts';
import type { StagedPackage } from '../../ports/slot-store.ts';
import type { CanaryFigures, TestFigures, WatchFigures } from '../../rollout/figures.ts';

export type CandidateLoaded = LoadedModel & { readonly variant: string };

/**
 * The models that a slot holds in memory: the one that answers, a candidate beside it, the previous one kept warm.
 * It decides nothing: the driver tells it what to do, and the verdicts are made from its figures.
 *
 * Concurrency: the driver makes one call at a time. Idempotence: every call may be repeated and ends the same.
 * Failure: expected ones are results. None of these calls stalls the model that answers, or loses a window.
 * Waiting: every promise settles by itself within a deadline (load, test and swap are bounded by the runner's).
 */
export interface ModelSlot {
  /**
   * Loads a model cold and lets it answer. Called at the agent's start with the record's `active`; whatever answered
   * before is dropped. Windows that come in meanwhile wait in the pipeline's queue.
   */
  serve(ref: ModelRef): Promise<Result<void>>;

  /** Loads the candidate in a spare runner and warms it up. A candidate that is already there is replaced. */
  loadCandidate(ref: ModelRef, staged: StagedPackage): Promise<Result<CandidateLoaded>>;
  /** Runs the golden cases, then single windows, on the candidate; tells latency and peak memory. */
  testCandidate(): Promise<Result<TestFigures>>;

  /** Mirrors live windows to the candidate until `stopCanary`; figures start at zero. The active one never waits for it. */
  startCanary(): void;
  canaryFigures(): CanaryFigures;
  stopCanary(): void;

  /**
   * Lets the candidate answer from the next batch on; what answered until now stays warm as the previous one.
   * Fails when the candidate is not ready, and then nothing has changed. Repeated after it succeeded: ok.
   */
  swap(): Promise<Result<void>>;

  /**
   * Judges `active` on live windows until `stopWatch`, figures start at zero. `previous` sees the same windows; where it is
   * not warm (after a restart) it is loaded beside, and figures go on without it when that fails.
   */
  startWatch(active: ModelRef, previous: ModelRef | undefined): Promise<void>;
  watchFigures(): WatchFigures;
  stopWatch(): void;

  /**
   * Lets `ref` answer from the next batch on: at once where it is warm or answers already, else loaded cold. A candidate
   * that waits for its swap stays out. Afterwards only `ref` is loaded.
   */
  rollBack(ref: ModelRef): Promise<Result<void>>;

  /** Ends whatever answers: from now on nothing does, until a model is served or swapped in. */
  silence(): Promise<void>;

  /** Ends the candidate's runner; nothing happens where there is none. */
  dropCandidate(): Promise<void>;
  /** Ends the previous model's runner; nothing happens where there is none. */
  dropPrevious(): Promise<void>;
}
