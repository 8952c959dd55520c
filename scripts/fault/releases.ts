import * as graphs from '../../test/fixtures/rollout-fault/graphs.ts';
import { type LineAnswer, rightLabel } from '../../test/fixtures/rollout-fault/line.ts';
import { publish, type Release } from '../../test/fixtures/rollout-fault/releases.ts';

/** Passes every canary, and has so long a probation that it is never over before it is found out. */
const CARELESS = {
  canary: { windows: 20, maxDisagreement: 1, deadlineMs: 60_000, maxExtensions: 0 },
  watch: { windows: 1e6, durationMs: 60_000, maxErrorRate: 0.01, maxDrift: 0.25, maxAlarmRateJump: 3 },
};

type Known = Release & { readonly score: number; readonly label?: string };

/** The first, a better one, and one that is bad on live windows only. Each answers with a score of its own. */
const RELEASES: readonly Known[] = [
  { version: '1.0.0', score: 1, graph: graphs.right(1), golden: [1, 0, 0] },
  { version: '1.1.0', score: 0.9, graph: graphs.right(0.9), golden: [0.9, 0, 0] },
  { version: '1.2.0', score: 0.8, label: 'a', graph: graphs.constant(0.8), golden: [0.8, 0, 0], gates: CARELESS },
];
const ROUNDING = 1e-4;

export function publishReleases(folder: string): Promise<void> {
  return publish(folder, RELEASES);
}

/** Whether the version that an answer names would answer so. */
export function isTrue(answer: LineAnswer): boolean {
  const release = RELEASES.find(({ version }) => version === answer.version);
  if (release === undefined || Math.abs(answer.score - release.score) > ROUNDING) return false;
  return answer.label === (release.label ?? rightLabel(answer));
}
