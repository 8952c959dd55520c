import type { Gates } from '../../domain/manifest.ts';
import type { Verdict } from '../../domain/rollout.ts';
import type { TestFigures } from '../figures.ts';
import { atMost, conclude } from './finding.ts';

/** Judges a candidate alone on this machine: right, finite, fast and small enough. */
export function judgeTest(figures: TestFigures, gates: Gates): Verdict {
  const { cases, goldenDifference, worstCase, nonFinite, latencyP99Ms, runs, peakBytes } = figures;
  const where = worstCase === undefined ? '' : ` in the golden case ${worstCase}`;
  return conclude([
    atMost(
      { gate: 'finite', measured: nonFinite, allowed: 0, samples: cases },
      'golden answers hold a NaN or an infinity',
    ),
    atMost(
      { gate: 'golden', measured: goldenDifference, allowed: gates.goldenTolerance, samples: cases },
      `a score differs${where}`,
    ),
    atMost(
      { gate: 'latency', measured: latencyP99Ms, allowed: gates.latencyBudgetMs, samples: runs },
      'p99 of one window, milliseconds, is over the budget',
    ),
    atMost(
      { gate: 'memory', measured: peakBytes, allowed: gates.memoryBudgetBytes, samples: runs },
      'peak memory of the runner, bytes, is over the budget',
    ),
  ]);
}
