import { METRICS, type MetricName } from './metrics.ts';

/** Names a metric by Prometheus' rules: snake case, the base unit, and `_total` for counters. */
export function prometheusName(name: MetricName): string {
  const { unit, type } = METRICS[name];
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return ['openclaw_edge', snake, unit, type === 'counter' ? 'total' : ''].filter((part) => part !== '').join('_');
}
