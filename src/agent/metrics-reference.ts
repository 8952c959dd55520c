import { METRICS } from '../domain/metrics.ts';
import { prometheusName } from '../domain/prometheus-name.ts';
import { BAD_INPUT } from '../domain/reading.ts';
import { INTERVAL_MS } from './health.ts';
import { HEALTH_RULES } from './health-rules.ts';

/** Renders docs/reference/metrics.md from the tables in the code. */
export function renderMetrics(): string {
  const metrics = Object.entries(METRICS).map(([name, { scope, type, help }]) => {
    return `| ${name} | \`${prometheusName(name as keyof typeof METRICS)}\` | ${type} | ${scope} | ${help} |`;
  });
  const minute = INTERVAL_MS / 1_000;
  return [
    '# Metrics',
    'Generated from the tables in src/domain/metrics.ts, src/domain/reading.ts and src/agent/health-rules.ts.',
    `Counters count from the start of the process. Latency percentiles come from an HDR histogram (1 us to 60 s, within 1 %)
and cover the last ${minute} to ${2 * minute} seconds; \`diagnose\` also gives those since the start. Metrics of the scope \`agent\` carry the
label \`agent\`, those of the scope \`bus\` the label \`bus\`: \`mqtt\`, \`local\` or \`iotcore\`.`,
    `| name | Prometheus | type | scope | meaning |\n|---|---|---|---|---|\n${metrics.join('\n')}`,
    `## Reasons of badInputs

Why a message never became a reading. Samples are kept in the dead-letter ring and shown by \`diagnose\`. None reaches a model or
stops a pipeline.

| reason | meaning |\n|---|---|\n${rows(Object.entries(BAD_INPUT))}`,
    `## Health\n\nThe worst broken rule decides. "Recently" means within the last ${minute} to ${2 * minute} seconds. A sleeping agent is healthy.`,
    `| rule | verdict | broken when |\n|---|---|---|\n${rows(HEALTH_RULES.map(({ name, verdict, when }) => [name, verdict, when]))}`,
    '',
  ].join('\n\n');
}

function rows(cells: readonly (readonly string[])[]): string {
  return cells.map((row) => `| ${row.join(' | ')} |`).join('\n');
}
