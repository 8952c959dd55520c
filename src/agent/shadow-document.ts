import type { Evidence, SlotRecord } from '../domain/rollout.ts';
import type { AgentControls, PipelineStatus } from './commands/controls.ts';
import { describeRollout, type OutcomeReport, type RolloutReport } from './commands/describe.ts';
import { type HealthSnapshot, totalDropped } from './health.ts';
import type { DesiredError, SleepIntent } from './shadow-desired.ts';

/** A shadow holds 8 KB of desired and reported together; intents are small. */
export const MAX_REPORTED_BYTES = 6 * 1024;
const MAX_REASONS = 5;
const MAX_REASON = 120;
/** The first ones; the log has them all. */
const MAX_PROBLEMS = 3;
/** The last ones: what the verdict was about. The whole of it is in the audit log. */
const MAX_EVIDENCE = 3;

type RolloutInShadow = Omit<RolloutReport, 'last'> & {
  readonly last?: (Omit<OutcomeReport, 'evidence'> & { readonly evidence?: readonly string[] | undefined }) | undefined;
};

type AgentReport = {
  readonly state: string;
  readonly problem?: string | undefined;
  readonly model?: { name: string; version: string; variant?: string; provider?: string } | undefined;
  readonly rollout?: RolloutInShadow | undefined;
  readonly isolation: string;
  readonly alarmsActive: number;
  readonly latencyMs?: { p50: number; p99: number } | undefined;
  readonly counters?: Readonly<Record<string, number>> | undefined;
};

export type Reported = {
  readonly agentVersion: string;
  readonly startedAt: string;
  readonly reportedAt: string;
  readonly mode: string;
  readonly sleep: SleepIntent;
  readonly logLevel: string;
  readonly health: { readonly verdict: string; readonly reasons: readonly string[] };
  /** Whether the configuration that came last was taken up; left out where it is a file. */
  readonly config?: { readonly accepted: boolean; readonly problems?: readonly string[] } | undefined;
  readonly agents: Readonly<Record<string, AgentReport>>;
  /** How many agents were left out for their number. */
  readonly agentsOmitted?: number | undefined;
  /** State of each bus, where there are several: of one alone the report itself tells. */
  readonly buses?: Readonly<Record<string, string>> | undefined;
  readonly outbox: { rows: number; bytes: number; dropped: number; quarantined: number };
  readonly thresholds?:
    | Readonly<Record<string, Readonly<Record<string, { raise: number; clear: number }>>>>
    | undefined;
  readonly desiredErrors?: readonly DesiredError[] | undefined;
  /** Which sections were left out to stay within MAX_REPORTED_BYTES. */
  readonly trimmed?: readonly string[] | undefined;
};

/** Writes down how the device is. */
export function describeForShadow(
  controls: AgentControls,
  health: HealthSnapshot,
  sleep: SleepIntent,
  desiredErrors: readonly DesiredError[],
): Reported {
  const thresholds = health.agents
    .filter(({ thresholds }) => Object.keys(thresholds).length > 0)
    .map((agent) => [agent.name, thresholdsOf(agent)]);
  return {
    agentVersion: controls.version,
    startedAt: new Date(controls.startedAtMs).toISOString(),
    reportedAt: new Date(health.nowMs).toISOString(),
    mode: controls.mode,
    sleep,
    logLevel: controls.logLevel,
    health: { verdict: health.verdict, reasons: health.reasons.slice(0, MAX_REASONS).map(shortened) },
    config: describeConfiguration(controls.configuration),
    agents: Object.fromEntries(health.agents.map((agent) => [agent.name, describeAgent(agent, controls)])),
    buses: busStates(health),
    outbox: {
      rows: health.outbox.rows,
      bytes: health.outbox.bytes,
      dropped: totalDropped(health.outbox),
      quarantined: health.outbox.quarantined,
    },
    thresholds: thresholds.length === 0 ? undefined : Object.fromEntries(thresholds),
    desiredErrors: desiredErrors.length === 0 ? undefined : desiredErrors,
  };
}

function busStates({ buses }: HealthSnapshot): Reported['buses'] {
  const states = Object.entries(buses).map(([name, { state }]) => [name, state]);
  return states.length > 1 ? Object.fromEntries(states) : undefined;
}

/** The part whose changes are told at once; the rest waits for the heartbeat. */
export function significantPart(reported: Reported): string {
  const { reportedAt: _, trimmed: __, outbox, health, agents, ...rest } = reported;
  return JSON.stringify({
    ...rest,
    quarantined: outbox.quarantined,
    // The reasons' figures change with every message; the names of the rules do not.
    health: [health.verdict, ...health.reasons.map((reason) => reason.split(':', 1)[0])],
    agents: Object.entries(agents).map(([name, { counters, latencyMs, ...agent }]) => ({ name, ...agent })),
  });
}

function describeConfiguration(taken: AgentControls['configuration']): Reported['config'] {
  if (taken === undefined || taken.accepted) return taken;
  return { accepted: false, problems: taken.problems.slice(0, MAX_PROBLEMS).map(shortened) };
}

function describeAgent(agent: PipelineStatus, { agents }: AgentControls): AgentReport {
  const { counts, recent, bad } = agent.metrics;
  const { messages, inferences, windowsDropped, windowsFailed, resultsDropped, alarmsRaised } = counts;
  const badInputs = Object.values(bad).reduce((total, count) => total + count, 0);
  const { restarts: runnerRestarts } = agent.runner;
  const { p50, p99 } = recent.latencyMs;
  return {
    state: agent.state,
    problem: agent.problem === undefined ? undefined : shortened(agent.problem.message),
    model: agent.model && { ...agent.model },
    rollout: rolloutOf(agents.get(agent.name)?.rollouts?.record()),
    isolation: agent.isolation,
    alarmsActive: agent.alarmsActive,
    latencyMs: { p50: rounded(p50), p99: rounded(p99) },
    counters: {
      messages,
      badInputs,
      inferences,
      windowsDropped,
      windowsFailed,
      resultsDropped,
      alarmsRaised,
      runnerRestarts,
    },
  };
}

/** Evidence in words: as objects they would lie deeper than a shadow may be nested (AWS IoT: 6 levels). */
function rolloutOf(record: SlotRecord | undefined): RolloutInShadow | undefined {
  if (record === undefined) return undefined;
  const { last, ...rollout } = describeRollout(record);
  if (last === undefined) return rollout;
  const evidence = last.evidence?.slice(-MAX_EVIDENCE).map(inWords);
  return { ...rollout, last: { ...last, reason: shortened(last.reason), evidence } };
}

function inWords({ gate, measured, allowed, samples }: Evidence): string {
  return `${gate}: ${rounded(measured)}, allowed ${rounded(allowed)}, of ${samples}`;
}

function thresholdsOf({ thresholds }: PipelineStatus): Record<string, { raise: number; clear: number }> {
  return Object.fromEntries(Object.entries(thresholds).map(([rule, { raise, clear }]) => [rule, { raise, clear }]));
}

function shortened(text: string): string {
  return text.length <= MAX_REASON ? text : `${text.slice(0, MAX_REASON - 1)}…`;
}

function rounded(figure: number): number {
  return Number(figure.toPrecision(3));
}
