import type { HealthSnapshot } from '../health.ts';
import type { PipelineStatus } from './controls.ts';

/** One agent in few words: what `status` shows of it. */
export function describeAgent(status: PipelineStatus): object {
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
    bus: health.bus,
    outbox: { rows: health.outbox.rows, bytes: health.outbox.bytes, quarantined: health.outbox.quarantined },
  };
}
