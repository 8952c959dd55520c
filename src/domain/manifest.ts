/** What a model package says about itself. The schema that checks it is in package/manifest.ts. */
export type Task = 'classification' | 'regression' | 'anomaly';

export type ModelInput = {
  /** Name of the graph's input. It takes float32 of shape [batch, window, channels], or [batch, window] for one channel. */
  readonly name: string;
  /** Samples a window. */
  readonly window: number;
  /** Samples between the starts of two windows. */
  readonly hop: number;
  readonly channels: readonly string[];
  /** true: the graph's input is [batch, window, channels]; false: [batch, window * channels]. */
  readonly channelAxis: boolean;
  readonly sampleRateHz?: number | undefined;
  readonly units?: string | undefined;
};

export type ModelOutput = {
  /** Name of the graph's output: float32 [batch, labels.length] for classification, [batch, 1] otherwise. */
  readonly name: string;
  /** Classes in the order of the scores; exactly one name for regression and anomaly. */
  readonly labels: readonly string[];
  readonly units?: string | undefined;
  readonly reference?: OutputReference | undefined;
};

/** How the answers were distributed when the model was made: what drift is measured against. */
export type OutputReference = {
  /** Between bins of the score, ascending; absent for classification, where each label is a bin. */
  readonly edges?: readonly number[] | undefined;
  /** Share of the answers in each bin, together 1: one a label, or one more than there are edges. */
  readonly shares: readonly number[];
};

export type Variant = {
  readonly id: string;
  readonly file: string;
  readonly size: 'small' | 'large';
  readonly precision: 'fp32' | 'fp16' | 'int8' | 'int4';
  readonly bytes: number;
  /** Hex SHA-256 of the file. */
  readonly sha256: string;
};

/** What a candidate must show beside the active model, before the swap. */
export type CanaryGate = {
  /** Live windows that both models answer: the evidence that a verdict needs. */
  readonly windows: number;
  /** Largest share of them on which candidate and active model may disagree. */
  readonly maxDisagreement: number;
  /** How long the windows may take to come; one extension adds as much again. */
  readonly deadlineMs: number;
  readonly maxExtensions: number;
};

/** What a new active model must show in its probation, after the swap. */
export type WatchGate = {
  /** The probation ends when both are reached: so many answers, and so much time. */
  readonly windows: number;
  readonly durationMs: number;
  /** Largest share of windows that get no answer. */
  readonly maxErrorRate: number;
  /** Largest population stability index (PSI) of the answers against the reference. */
  readonly maxDrift: number;
  /** How many times as many alarms as before the swap are still believed. */
  readonly maxAlarmRateJump: number;
};

export type Gates = {
  /** Largest absolute difference from a golden score. */
  readonly goldenTolerance: number;
  /** Budget for one window alone, p99, milliseconds. */
  readonly latencyBudgetMs: number;
  /** Budget for the resident memory of the runner, its runtime included. */
  readonly memoryBudgetBytes: number;
  readonly canary: CanaryGate;
  readonly watch: WatchGate;
};

export type Manifest = {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly version: string;
  readonly task: Task;
  readonly description: string;
  readonly input: ModelInput;
  readonly output: ModelOutput;
  readonly variants: readonly Variant[];
  readonly gates: Gates;
  readonly requires: { readonly opset: number };
};

/** Inputs with the answers they must give: proof that a model works on this machine. */
export type GoldenCase = {
  readonly name: string;
  /** window x channels values, row by row. */
  readonly input: readonly number[];
  /** Scores per variant id. */
  readonly scores: Readonly<Record<string, readonly number[]>>;
};
