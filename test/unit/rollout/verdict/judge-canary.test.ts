import { equal } from 'node:assert/strict';
import type { Task } from '../../../../src/domain/manifest.ts';
import type { Gate, Verdict } from '../../../../src/domain/rollout.ts';
import type { CanaryFigures } from '../../../../src/rollout/figures.ts';
import { judgeCanary } from '../../../../src/rollout/verdict/judge-canary.ts';
import { canaryFigures, GATES, live, paired } from '../../../fixtures/rollout/figures.ts';

type Row = {
  readonly name: string;
  readonly figures: CanaryFigures;
  readonly task?: Task;
  readonly elapsedMs?: number;
  readonly verdict: Verdict['verdict'];
  readonly gate?: Gate;
  readonly final?: boolean;
};

const HUNG = { code: 'E_RUNNER_TIMEOUT', message: 'it hung' } as const;
const STARVED = { code: 'E_RUNNER_MEMORY', message: 'killed' } as const;
const disagreeing = (windows: number, disagreed: number) =>
  canaryFigures(windows, { paired: paired(windows, { disagreed }) });
const distant = (windows: number, medianDistance: number) =>
  canaryFigures(windows, { paired: paired(windows, { medianDistance }) });
const bad = (windows: number, more: Parameters<typeof live>[1], beside = live(windows)) =>
  canaryFigures(windows, { candidate: live(windows, more), active: beside });

// biome-ignore format: a table is read by its rows
const ROWS: readonly Row[] = [
  { name: 'a model that agrees on enough windows is healthy', figures: canaryFigures(50), verdict: 'healthy', final: true },
  { name: 'agreement on too few windows decides nothing', figures: canaryFigures(49), verdict: 'undecided', final: false },
  { name: 'twenty disagreements of twenty prove that it is bad', figures: disagreeing(20, 20), verdict: 'unhealthy', gate: 'agreement' },
  { name: 'ten disagreements of ten decide nothing: few windows never do', figures: disagreeing(10, 10), verdict: 'undecided' },
  { name: 'a share that only looks too large on few windows decides nothing', figures: disagreeing(30, 8), verdict: 'undecided', final: false },
  { name: 'a better model that knows better on one window of six is healthy', figures: disagreeing(60, 10), verdict: 'healthy' },
  { name: 'a share just over the limit is extended', figures: disagreeing(60, 14), verdict: 'undecided', final: false },
  { name: 'after the last extension the share decides as it is', figures: disagreeing(200, 44), verdict: 'unhealthy', gate: 'agreement' },
  { name: 'at the last deadline the share decides where there are enough windows', figures: disagreeing(60, 14), elapsedMs: 240_000, verdict: 'unhealthy', gate: 'agreement' },
  { name: 'the first deadline is not the last', figures: canaryFigures(10), elapsedMs: 60_000, verdict: 'undecided', final: false },
  { name: 'too few windows at the last deadline end it without a verdict', figures: canaryFigures(10), elapsedMs: 240_000, verdict: 'undecided', final: true },
  { name: 'no window at all ends it without a verdict', figures: canaryFigures(0), elapsedMs: 240_000, verdict: 'undecided', final: true },
  { name: 'one NaN is one too many, at once', figures: bad(5, { nonFinite: 1 }), verdict: 'unhealthy', gate: 'finite' },
  { name: 'a crash is one too many, at once', figures: bad(5, { restarts: 1, failed: 1 }), verdict: 'unhealthy', gate: 'crashes' },
  { name: 'a hang is told by its own reason', figures: bad(5, { restarts: 1, lastFailure: HUNG }), verdict: 'unhealthy', gate: 'crashes' },
  { name: 'a runner that was killed for its memory fails by memory', figures: bad(5, { restarts: 1, lastFailure: STARVED }), verdict: 'unhealthy', gate: 'memory' },
  { name: 'a leak fails by memory before it is killed', figures: bad(60, { peakBytes: 300e6 }), verdict: 'unhealthy', gate: 'memory' },
  { name: 'a shape that fails at some batch size fails by errors', figures: bad(60, { failed: 20 }), verdict: 'unhealthy', gate: 'errors' },
  { name: 'one failed window of sixty proves no rate', figures: bad(60, { failed: 1 }), verdict: 'healthy' },
  { name: 'a model that became slow fails by latency', figures: bad(100, { latencyP99Ms: 21 }), verdict: 'unhealthy', gate: 'latency' },
  { name: 'a slow p99 of few runs decides nothing', figures: bad(60, { latencyP99Ms: 21 }), verdict: 'healthy' },
  { name: 'slow on a busy device, where the active one is slow as well, is not the fault of the model', figures: bad(100, { latencyP99Ms: 30 }, live(100, { latencyP99Ms: 25 })), verdict: 'healthy' },
  { name: 'a regression near the active one is healthy', task: 'regression', figures: distant(50, 0.1), verdict: 'healthy' },
  { name: 'a regression far away is extended', task: 'regression', figures: distant(60, 0.5), verdict: 'undecided', final: false },
  { name: 'a regression far away to the end is unhealthy', task: 'regression', figures: distant(200, 0.5), verdict: 'unhealthy', gate: 'agreement' },
];

describe('The verdict of a canary', () => {
  for (const { name, figures, task, elapsedMs, verdict, gate, final } of ROWS) {
    it(name, () => {
      const judged = judgeCanary(figures, task ?? 'classification', GATES, elapsedMs ?? 1000);
      equal(judged.verdict.verdict, verdict, JSON.stringify(judged.verdict));
      if (judged.verdict.verdict === 'unhealthy') equal(judged.verdict.gate, gate);
      if (final !== undefined) equal(judged.final, final);
    });
  }
});
