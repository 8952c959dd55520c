import { deepEqual, equal } from 'node:assert/strict';
import type { Gate } from '../../../../src/domain/rollout.ts';
import type { TestFigures } from '../../../../src/rollout/figures.ts';
import { judgeTest } from '../../../../src/rollout/verdict/judge-test.ts';
import { GATES, testFigures } from '../../../fixtures/rollout/figures.ts';

const ROWS: readonly [string, Partial<TestFigures>, Gate | undefined][] = [
  ['a good model passes', {}, undefined],
  ['a model exactly at its budgets passes', { latencyP99Ms: 20, peakBytes: 256e6, goldenDifference: 1e-4 }, undefined],
  ['a wrong golden score fails', { goldenDifference: 2e-4 }, 'golden'],
  ['a NaN fails as not finite, before it fails as wrong', { nonFinite: 1, goldenDifference: Number.NaN }, 'finite'],
  ['a difference that is no number is no pass', { goldenDifference: Number.NaN }, 'golden'],
  ['a slow model fails', { latencyP99Ms: 20.1 }, 'latency'],
  ['a memory hog fails', { peakBytes: 257e6 }, 'memory'],
];

describe('The verdict of a test', () => {
  for (const [name, figures, gate] of ROWS) {
    it(name, () => {
      const verdict = judgeTest(testFigures(figures), GATES);
      equal(verdict.verdict, gate === undefined ? 'healthy' : 'unhealthy');
      if (verdict.verdict === 'unhealthy') equal(verdict.gate, gate);
    });
  }

  it('holds evidence of every gate, which JSON can keep', () => {
    const { evidence } = judgeTest(testFigures({ goldenDifference: Number.POSITIVE_INFINITY }), GATES);
    deepEqual(
      evidence.map(({ gate }) => gate),
      ['finite', 'golden', 'latency', 'memory'],
    );
    deepEqual(JSON.parse(JSON.stringify(evidence)), evidence);
  });

  it('names the golden case and the limit', () => {
    const verdict = judgeTest(testFigures({ goldenDifference: 0.5 }), GATES);
    equal(
      verdict.verdict === 'unhealthy' && verdict.reason,
      'golden: a score differs in the golden case ball-14 (0.5, allowed 0.0001, 8 samples)',
    );
  });
});
