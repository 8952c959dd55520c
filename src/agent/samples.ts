import type { MetricName, Sample } from '../domain/metrics.ts';
import type { PipelineStatus } from './commands/controls.ts';
import { type HealthSnapshot, totalDropped } from './health.ts';

const MS_PER_SECOND = 1_000;

/** Every value of the metrics table, taken from one look at the device. */
export function samplesOf(health: HealthSnapshot): readonly Sample[] {
  const { outbox, buses, rssBytes, loopDelayMs, uptimeMs } = health;
  const device: Partial<Record<MetricName, number>> = {
    ...health.counts,
    outboxDropped: totalDropped(outbox),
    outboxRows: outbox.rows,
    outboxSize: outbox.bytes,
    outboxQuarantined: outbox.quarantined,
    outboxDamaged: outbox.damaged,
    rss: rssBytes,
    eventLoopDelay: loopDelayMs.p99 / MS_PER_SECOND,
    uptime: uptimeMs / MS_PER_SECOND,
  };
  return [
    ...samples(device, {}),
    ...Object.entries(buses).flatMap(([bus, { state }]) => samples({ busOnline: Number(state === 'online') }, { bus })),
    ...health.agents.flatMap(samplesOfAgent),
  ];
}

function samplesOfAgent(status: PipelineStatus): readonly Sample[] {
  const { name: agent, metrics, runner, state } = status;
  const { p50, p99, p999 } = metrics.recent.latencyMs;
  const values: Partial<Record<MetricName, number>> = {
    ...metrics.counts,
    runnerRestarts: runner.restarts,
    queueDepth: status.queueDepth,
    keys: status.keys,
    alarmsActive: status.alarmsActive,
    runnerRss: runner.rssBytes,
    waiting: Number(state === 'waiting'),
    serving: Number(state === 'running'),
  };
  return [
    ...samples(values, { agent }),
    ...Object.entries(metrics.bad).flatMap(([reason, value]) => samples({ badInputs: value }, { agent, reason })),
    ...Object.entries({ '0.5': p50, '0.99': p99, '0.999': p999 }).flatMap(([quantile, ms]) =>
      samples({ latency: ms / MS_PER_SECOND }, { agent, quantile }),
    ),
  ];
}

function samples(values: Partial<Record<MetricName, number>>, labels: Sample['labels']): readonly Sample[] {
  const entries = Object.entries(values) as [MetricName, number][];
  return entries.map(([name, value]) => ({ name, labels, value }));
}
