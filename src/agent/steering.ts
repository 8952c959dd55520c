import type { Result } from '../domain/errors.ts';
import type { Log, LogLevel } from '../ports/log.ts';
import type { AgentControls, AgentMode, ConfigurationReport, ReloadReport } from './commands/controls.ts';
import type { EdgeAgent } from './edge-agent.ts';
import type { Health, HealthSnapshot } from './health.ts';

export type SteeringNeeds = {
  readonly version: string;
  readonly startedAtMs: number;
  readonly logLevel: LogLevel;
  readonly log: Log;
  readonly health: () => Health;
  readonly agents: () => readonly EdgeAgent[];
  /** Reads the configuration again and applies what can change while running. */
  readonly reload: (signal: AbortSignal) => Promise<Result<ReloadReport>>;
  /** Undefined where the configuration is a file. */
  readonly configuration?: (() => ConfigurationReport) | undefined;
};

/** The whole device as commands and the shadow see it. */
export class Steering implements AgentControls {
  readonly version: string;
  readonly startedAtMs: number;
  readonly #needs: SteeringNeeds;
  #logLevel: LogLevel;
  #mode: AgentMode = 'active';

  constructor(needs: SteeringNeeds) {
    this.version = needs.version;
    this.startedAtMs = needs.startedAtMs;
    this.#needs = needs;
    this.#logLevel = needs.logLevel;
  }

  get agents(): ReadonlyMap<string, EdgeAgent> {
    return new Map(this.#needs.agents().map((agent) => [agent.name, agent]));
  }

  health(): HealthSnapshot {
    return this.#needs.health().snapshot();
  }

  reload(signal: AbortSignal): Promise<Result<ReloadReport>> {
    return this.#needs.reload(signal);
  }

  get configuration(): ConfigurationReport | undefined {
    return this.#needs.configuration?.();
  }

  get logLevel(): LogLevel {
    return this.#logLevel;
  }

  setLogLevel(level: LogLevel): void {
    this.#logLevel = level;
    this.#needs.log.setLevel(level);
  }

  get mode(): AgentMode {
    return this.#mode;
  }

  setMode(mode: AgentMode): void {
    this.#mode = mode;
  }
}
