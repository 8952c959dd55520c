import type { Gates, OutputReference, WatchGate } from '../../domain/manifest.ts';
import type { Verdict } from '../../domain/rollout.ts';
import type { PairedFigures, WatchFigures } from '../figures.ts';
import { conclude, type Finding, finding } from './finding.ts';
import { liveGates } from './live-gates.ts';
import { psi, psiNoise, total, wilson } from './statistics.ts';

/** A distribution or a rate of fewer windows says nothing. */
const MIN_WINDOWS = 50;
/** Where windows are rarer than the manifest hoped, a probation of this many times its duration is enough. */
const PATIENCE = 3;

/** Judges the new active model in its probation: undecided until enough time and windows have passed. */
export function judgeWatch(
  figures: WatchFigures,
  reference: OutputReference | undefined,
  gates: Gates,
  elapsedMs: number,
): Verdict {
  const { active, previous, paired } = figures;
  const over = isOver(active.windows, gates.watch, elapsedMs);
  const verdict = conclude([
    ...liveGates(active, previous, gates),
    drift(figures, reference, gates.watch.maxDrift, over),
    paired === undefined ? undefined : alarmRate(paired, gates.watch.maxAlarmRateJump),
  ]);
  if (verdict.verdict !== 'healthy' || over) return verdict;
  return { verdict: 'undecided', reason: 'the probation goes on', evidence: verdict.evidence };
}

function isOver(windows: number, { windows: enough, durationMs }: WatchGate, elapsedMs: number): boolean {
  return elapsedMs >= durationMs * (windows >= enough ? 1 : PATIENCE);
}

/**
 * The answers drift when they leave the reference of the manifest, and leave the answers of the previous model on the very
 * same windows too: a real change of the world moves both. Without a previous model the reference alone decides; without a
 * reference, the previous model alone. The previous one is asked beside the work and may be behind with its answers: until
 * there are some, the reference alone proves nothing, but at the end it has to.
 */
function drift(
  figures: WatchFigures,
  reference: OutputReference | undefined,
  limit: number,
  over: boolean,
): Finding | undefined {
  const { answers, paired } = figures;
  const seen = total(answers);
  const againstReference =
    reference === undefined ? undefined : compare(answers, reference.shares, Number.POSITIVE_INFINITY, limit, seen);
  const againstPrevious =
    paired === undefined || paired.windows < MIN_WINDOWS
      ? undefined
      : compare(paired.newer, paired.older, paired.windows, limit, paired.windows);
  if (againstPrevious?.state === 'passed') return againstPrevious;
  const waits = paired !== undefined && againstPrevious === undefined && !over;
  if (waits && againstReference?.state === 'failed') return { ...againstReference, state: 'undecided' };
  return againstReference ?? againstPrevious;
}

function compare(seen: readonly number[], expected: readonly number[], m: number, limit: number, n: number): Finding {
  const bins = Math.max(seen.length, expected.length);
  const allowed = n === 0 ? limit : limit + psiNoise(bins, n, m);
  const evidence = { gate: 'drift', measured: n === 0 ? 0 : psi(seen, expected), allowed, samples: n } as const;
  const drifted = n >= MIN_WINDOWS && evidence.measured > allowed;
  return finding(drifted ? 'failed' : 'passed', evidence, 'population stability index of the answers');
}

/** Windows that speak for an alarm, against the previous model on the same windows: doubt is given on both sides. */
function alarmRate({ windows, newerAlarming, olderAlarming }: PairedFigures, jump: number): Finding {
  const allowed = wilson(olderAlarming, windows).upper * jump;
  const jumped = windows >= MIN_WINDOWS && wilson(newerAlarming, windows).lower > allowed;
  const measured = windows === 0 ? 0 : newerAlarming / windows;
  return finding(
    jumped ? 'failed' : 'passed',
    { gate: 'alarmRate', measured, allowed, samples: windows },
    'share of windows that speak for an alarm, far more than with the previous model',
  );
}
