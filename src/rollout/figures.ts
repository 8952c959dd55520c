import type { Failure } from '../domain/errors.ts';

/**
 * How answers are spread. Classification: one count a label (the label with the highest score). Otherwise: one count a
 * bin between the edges of the manifest's reference, the last bins open. Non-finite answers are in none.
 */
export type Histogram = readonly number[];

/** What the candidate did in its spare runner, before it saw live windows. */
export type TestFigures = {
  /** Golden cases that were run. */
  readonly cases: number;
  /** Largest absolute difference from a golden score; Infinity where one is not finite. */
  readonly goldenDifference: number;
  /** Name of the case with that difference. */
  readonly worstCase: string | undefined;
  /** Golden answers with a NaN or an infinity in them. */
  readonly nonFinite: number;
  /** p99 of one window alone, milliseconds, after warming up. */
  readonly latencyP99Ms: number;
  /** Runs that the p99 rests on. */
  readonly runs: number;
  /** Peak resident memory of the candidate's runner, bytes; 0 where it cannot be measured (inline). */
  readonly peakBytes: number;
};

/** What one model did on live windows since the canary or the watch began. */
export type LiveFigures = {
  /** Windows that it answered or failed on. */
  readonly windows: number;
  /** Windows of failed runs: a crash, a hang, a refusal, an answer of the wrong shape. */
  readonly failed: number;
  /** Answered windows with a NaN or an infinity. */
  readonly nonFinite: number;
  /** Times that its runner crashed, hung or was killed. */
  readonly restarts: number;
  readonly lastFailure: Failure | undefined;
  /** p99 of the time of a run per window in it, milliseconds; 0 before the first. */
  readonly latencyP99Ms: number;
  /** Runs that the p99 rests on. */
  readonly runs: number;
  /** Peak resident memory of its runner, bytes; 0 where it cannot be measured. */
  readonly peakBytes: number;
};

/** Two models on the very same windows: only windows that both answered with finite scores count. */
export type PairedFigures = {
  readonly windows: number;
  /** Classification: windows whose labels differ. 0 otherwise. */
  readonly disagreed: number;
  /** Regression and anomaly: median of |new - old| relative to the spread of the old answers. 0 for classification. */
  readonly medianDistance: number;
  /** Answers of the newer model on these windows. */
  readonly newer: Histogram;
  /** Answers of the older model on these windows. */
  readonly older: Histogram;
  /** Windows that speak for an alarm by any rule, judged one by one (no votes, no cooldown). */
  readonly newerAlarming: number;
  readonly olderAlarming: number;
};

/** The candidate beside the active model: only the active one's answers leave. */
export type CanaryFigures = {
  readonly candidate: LiveFigures;
  /** The active model on the windows that were mirrored; its p99 tells how busy the device is. */
  readonly active: LiveFigures;
  readonly paired: PairedFigures;
};

/** The new model at work, the previous one beside it where it is warm. */
export type WatchFigures = {
  readonly active: LiveFigures;
  /** All finite answers of the new model. */
  readonly answers: Histogram;
  /** Undefined while there is no warm previous model. */
  readonly previous: LiveFigures | undefined;
  readonly paired: PairedFigures | undefined;
};
