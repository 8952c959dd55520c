import type { CanaryGate, Gates, Task } from '../../domain/manifest.ts';
import type { Verdict } from '../../domain/rollout.ts';
import type { CanaryFigures, PairedFigures } from '../figures.ts';
import { conclude, type Finding, finding } from './finding.ts';
import { liveGates } from './live-gates.ts';
import { surelyOver } from './statistics.ts';

export type Canary = { readonly verdict: Verdict /** Nothing more is waited for. */; readonly final: boolean };

/**
 * Judges a candidate beside the active model. Undecided is extended: an extension adds as many windows and as much time
 * again. Undecided and final: too few windows came.
 */
export function judgeCanary(figures: CanaryFigures, task: Task, gates: Gates, elapsedMs: number): Canary {
  const { candidate, active, paired } = figures;
  const { canary } = gates;
  const rounds = 1 + canary.maxExtensions;
  const timeIsUp = elapsedMs >= canary.deadlineMs * rounds;
  const last = timeIsUp || paired.windows >= canary.windows * rounds;
  const live = liveGates(candidate, active, gates);
  const agreement = task === 'classification' ? byLabels(paired, canary, last) : byScores(paired, canary, last);
  const verdict = conclude([...live, agreement]);
  return { verdict, final: verdict.verdict !== 'undecided' || timeIsUp };
}

/**
 * Share of windows with different labels. Over the limit beyond doubt: failed at once.
 * Not over it, on enough windows: passed. In between more windows decide, and at the end the share as it is.
 */
function byLabels({ windows, disagreed }: PairedFigures, gate: CanaryGate, last: boolean): Finding {
  const share = windows === 0 ? 0 : disagreed / windows;
  const evidence = { gate: 'agreement', measured: share, allowed: gate.maxDisagreement, samples: windows } as const;
  if (surelyOver(disagreed, windows, gate.maxDisagreement)) return finding('failed', evidence, DIFFERENT_LABELS);
  if (windows < gate.windows) return finding('undecided', evidence, TOO_FEW);
  if (share <= gate.maxDisagreement) return finding('passed', evidence, '');
  return finding(last ? 'failed' : 'undecided', evidence, DIFFERENT_LABELS);
}

/** Median distance of the scores, relative to how far the active model's own answers spread. */
function byScores({ windows, medianDistance }: PairedFigures, gate: CanaryGate, last: boolean): Finding {
  const allowed = gate.maxDisagreement;
  const evidence = { gate: 'agreement', measured: medianDistance, allowed, samples: windows } as const;
  if (windows < gate.windows) return finding('undecided', evidence, TOO_FEW);
  if (medianDistance <= allowed) return finding('passed', evidence, '');
  return finding(last ? 'failed' : 'undecided', evidence, 'the scores are far from those of the active model');
}

const DIFFERENT_LABELS = 'share of windows on which it disagrees with the active model';
const TOO_FEW = 'too few windows were answered by both models';
