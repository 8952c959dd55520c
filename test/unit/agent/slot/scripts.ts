import type { Script } from './slot-bench.ts';

/** A classifier of two labels. */
export const LABELS = { task: 'classification', output: { name: 'y', labels: ['good', 'worn'] } } as const;
/** Alarms where it is surely worn. */
export const WORN_LABEL = { decisions: { floor: 0, alarms: [aRule({ labels: ['worn'], raise: 0.6, clear: 0.4 })] } };

export function aRule(change: object) {
  const fixed = { name: 'worn', severity: 'critical', direction: 'above', k: 1, n: 1, cooldownMs: 0 } as const;
  return { ...fixed, labels: undefined, raise: 10, clear: 5, action: undefined, ...change };
}

/** Says `worn` from this value on. */
export function wornFrom(limit: number): Script {
  return { score: ([value = 0]) => (value >= limit ? [0.1, 0.9] : [0.9, 0.1]) };
}

export const NAN: Script = { score: ([value = 0]) => [value > 5 ? Number.NaN : value] };
