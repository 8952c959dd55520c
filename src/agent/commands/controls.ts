import type { Failure, Result } from '../../domain/errors.ts';
import type { BadInput } from '../../domain/reading.ts';
import type { ModelRef, RolloutOutcome, RolloutRequest, SlotRecord } from '../../domain/rollout.ts';
import type { LogLevel } from '../../ports/log.ts';
import type { RunnerStats } from '../../ports/model-runner.ts';
import type { HealthSnapshot } from '../health.ts';
import type { MetricsSnapshot } from '../metrics.ts';

/** `active` does everything; `observe` decides and reports, and sends nothing to actuators. */
export const AGENT_MODES = ['active', 'observe'] as const;
export type AgentMode = (typeof AGENT_MODES)[number];

export const PIPELINE_STATES = [
  'starting',
  'waiting',
  'running',
  'asleep',
  'restarting',
  'refused',
  'stopped',
] as const;
/**
 * `starting` its model is being loaded; `waiting` for its first model, which a rollout brings: until then it hears no
 * sensor; `running` answers windows; `asleep` looks at no message; `restarting` its runner is down and comes back;
 * `refused` it cannot start (model, isolation), see `problem`; `stopped` for good.
 */
export type PipelineState = (typeof PIPELINE_STATES)[number];

export type Threshold = {
  readonly direction: 'above' | 'below';
  readonly raise: number;
  readonly clear: number;
};

export type PipelineStatus = {
  readonly name: string;
  readonly state: PipelineState;
  /** Why it is refused or restarting. */
  readonly problem: Failure | undefined;
  /** Milliseconds since 1970 UTC; undefined while awake, or asleep until woken. */
  readonly sleepUntilMs: number | undefined;
  readonly model:
    | { readonly name: string; readonly version: string; readonly variant: string; readonly provider: string }
    | undefined;
  /** What the runner really has, not what was asked for. */
  readonly isolation: string;
  readonly runner: RunnerStats;
  readonly queueDepth: number;
  readonly keys: number;
  readonly alarmsActive: number;
  readonly thresholds: Readonly<Record<string, Threshold>>;
  readonly metrics: MetricsSnapshot;
};

/** A message that never became a reading, kept as a sample. */
export type DeadLetter = {
  readonly reason: BadInput;
  readonly topic: string;
  /** When it came, milliseconds since 1970 UTC. */
  readonly timeMs: number;
  /** Size of the whole payload. */
  readonly bytes: number;
  /** Its first bytes, base64. */
  readonly head: string;
};

/** What `diagnose` tells beyond the status. `extra` is free: everything that helps to find a cause, small. */
export type PipelineDiagnosis = {
  readonly deadLetters: readonly DeadLetter[];
  readonly extra: Readonly<Record<string, unknown>>;
};

export type Inference = {
  readonly label: string;
  readonly score: number;
  /** Every label with its score. */
  readonly scores: Readonly<Record<string, number>>;
};

/** The rollouts of one agent's slot, as commands, the inbox and the control socket steer them. */
export interface RolloutControl {
  /** Resolves with the outcome, which may take as long as the probation. The id of a rollout under way joins it. */
  request(request: Pick<RolloutRequest, 'id' | 'source' | 'force'>): Promise<Result<RolloutOutcome>>;
  /** Goes back to the previous model; resolves with the outcome. */
  rollBack(id: string): Promise<Result<RolloutOutcome>>;
  cancel(): Promise<Result<void>>;
  record(): SlotRecord;
  /** Packages in the slot's store. */
  list(): Promise<readonly ModelRef[]>;
}

/** One agent, as commands and the shadow steer it. Everything but `infer` takes effect before it returns. */
export interface PipelineControl {
  readonly name: string;
  /** Name of the model that it is configured for, whether or not that is on this device. */
  readonly modelName: string;
  status(): PipelineStatus;
  diagnose(): PipelineDiagnosis;
  /** Runs one window (window x channels, finite) through the model. Leaves windows, decisions and alarms alone. */
  infer(values: Float32Array, key: string | undefined): Promise<Result<Inference>>;
  /** Looks at no message until `untilMs` (since 1970 UTC), or until woken. Repeating it moves the end. */
  sleep(untilMs: number | undefined): void;
  wake(): void;
  /** Changes an alarm rule until the next reload. The caller has checked that `raise` and `clear` fit the direction. */
  setThreshold(rule: string, raise: number, clear: number): Result<void>;
  /** Undefined where the configuration has no `rollouts`: models come with the agent only. */
  readonly rollouts: RolloutControl | undefined;
}

/** Which fields of the configuration took effect, and which need a restart (or are refused), by path. */
export type ReloadReport = {
  readonly applied: readonly string[];
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
};

/** How the configuration that came last was taken, where somebody else keeps it. */
export type ConfigurationReport =
  | { readonly accepted: true }
  /** Not taken up: what was before still is. */
  | { readonly accepted: false; readonly problems: readonly string[] };

/** The whole device, as commands and the shadow steer it. */
export interface AgentControls {
  readonly agents: ReadonlyMap<string, PipelineControl>;
  readonly version: string;
  readonly startedAtMs: number;
  health(): HealthSnapshot;
  /** Reads the configuration again; a failure leaves everything as it was. */
  reload(signal: AbortSignal): Promise<Result<ReloadReport>>;
  /** Undefined where the configuration is a file. */
  readonly configuration?: ConfigurationReport | undefined;
  readonly logLevel: LogLevel;
  setLogLevel(level: LogLevel): void;
  readonly mode: AgentMode;
  setMode(mode: AgentMode): void;
}
