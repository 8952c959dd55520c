import type { Evidence, RolloutOutcome, RolloutState, SlotRecord } from '../../domain/rollout.ts';
import type { HealthSnapshot } from '../health.ts';
import type { PipelineControl } from './controls.ts';

/** How a slot is, by versions: small enough for the shadow. */
export type RolloutReport = {
  readonly state: RolloutState;
  readonly active?: string | undefined;
  readonly candidate?: string | undefined;
  readonly previous?: string | undefined;
  readonly last?: OutcomeReport | undefined;
};

/** How a rollout ended. `from` is what was active instead of `version`: before it, or after it was taken back. */
export type OutcomeReport = {
  readonly version?: string | undefined;
  readonly outcome: RolloutOutcome['outcome'];
  readonly from?: string | undefined;
  readonly code?: string | undefined;
  readonly reason: string;
  readonly atMs: number;
  readonly durationMs: number;
  readonly evidence?: readonly Evidence[] | undefined;
};

export function describeRollout({ state, active, candidate, previous, last }: SlotRecord): RolloutReport {
  return {
    state,
    active: active?.version,
    candidate: candidate?.version,
    previous: previous?.version,
    last: last && describeOutcome(last),
  };
}

export function describeOutcome(ended: RolloutOutcome): OutcomeReport {
  const { ref, from, outcome, code, reason, evidence, startedAtMs, endedAtMs } = ended;
  const durationMs = Math.max(0, endedAtMs - startedAtMs);
  return { version: ref?.version, outcome, from: from?.version, code, reason, atMs: endedAtMs, durationMs, evidence };
}

/** One agent in few words: what `status` shows of it. */
export function describeAgent(agent: PipelineControl): object {
  const status = agent.status();
  const { counts, recent, bad } = status.metrics;
  return {
    name: status.name,
    state: status.state,
    ...(status.problem === undefined ? {} : { problem: status.problem.message }),
    ...(status.sleepUntilMs === undefined ? {} : { sleepUntil: new Date(status.sleepUntilMs).toISOString() }),
    model: status.model,
    isolation: status.isolation,
    queueDepth: status.queueDepth,
    keys: status.keys,
    alarmsActive: status.alarmsActive,
    runnerRestarts: status.runner.restarts,
    messages: counts.messages,
    inferences: counts.inferences,
    windowsDropped: counts.windowsDropped,
    windowsFailed: counts.windowsFailed,
    badInputs: Object.values(bad).reduce((total, count) => total + count, 0),
    latencyMs: recent.latencyMs,
    ...(agent.rollouts === undefined ? {} : { rollout: describeRollout(agent.rollouts.record()) }),
  };
}

/** The device in few words, without its agents. */
export function describeDevice(health: HealthSnapshot): object {
  return {
    verdict: health.verdict,
    reasons: health.reasons,
    uptimeMs: health.uptimeMs,
    rssBytes: health.rssBytes,
    loopDelayMs: health.loopDelayMs,
    buses: health.buses,
    outbox: { rows: health.outbox.rows, bytes: health.outbox.bytes, quarantined: health.outbox.quarantined },
  };
}
