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

export type Manifest = {
  readonly schemaVersion: 1;
  readonly name: string;
  readonly version: string;
  readonly task: Task;
  readonly description: string;
  readonly input: ModelInput;
  readonly output: ModelOutput;
  readonly variants: readonly Variant[];
  readonly gates: {
    /** Largest absolute difference from a golden score. */
    readonly goldenTolerance: number;
    /** Budget for one window alone, p99, milliseconds. */
    readonly latencyBudgetMs: number;
  };
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
