import type { Evidence, Gate, Verdict } from '../../domain/rollout.ts';

/** What one gate says. */
export type Finding = {
  readonly state: 'passed' | 'failed' | 'undecided';
  readonly evidence: Evidence;
  /** What is wrong, or missing, in words. */
  readonly reason: string;
};

type Measured = { readonly gate: Gate; readonly measured: number; readonly allowed: number; readonly samples: number };

/** Holds what was measured against the limit. NaN is over every limit. */
export function atMost(figures: Measured, reason: string): Finding {
  return finding(figures.measured <= figures.allowed ? 'passed' : 'failed', figures, reason);
}

export function finding(state: Finding['state'], figures: Measured, reason: string): Finding {
  const { gate, measured, allowed, samples } = figures;
  return { state, evidence: { gate, measured: keepable(measured), allowed: keepable(allowed), samples }, reason };
}

/** The first gate that failed decides; without one, the first that cannot tell yet. */
export function conclude(findings: readonly (Finding | undefined)[]): Verdict {
  const all = findings.filter((one) => one !== undefined);
  const evidence = all.map((one) => one.evidence);
  const failed = all.find(({ state }) => state === 'failed');
  if (failed !== undefined) {
    return { verdict: 'unhealthy', gate: failed.evidence.gate, reason: describe(failed), evidence };
  }
  const open = all.find(({ state }) => state === 'undecided');
  if (open !== undefined) return { verdict: 'undecided', reason: describe(open), evidence };
  return { verdict: 'healthy', evidence };
}

function describe({ evidence: { gate, measured, allowed, samples }, reason }: Finding): string {
  return `${gate}: ${reason} (${round(measured)}, allowed ${round(allowed)}, ${samples} samples)`;
}

function round(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** JSON knows neither NaN nor infinity. */
function keepable(value: number): number {
  if (Number.isNaN(value)) return Number.MAX_VALUE;
  return Math.min(Number.MAX_VALUE, Math.max(-Number.MAX_VALUE, value));
}
