import assert from 'node:assert/strict';
import { batchLimit } from '../../../src/flow/batch-limit.ts';

describe('the batch limit', () => {
  const cases: readonly [what: string, singleMs: number, batchGain: number, limit: number][] = [
    ['a model that gains from batches gets them', 2, 3, 32],
    ['a slow model that gains nothing gets one window at a time', 5, 1, 1],
    ['a slow model that loses gets one window at a time', 5, 0.7, 1],
    ['a gain of a tenth is worth it', 1, 1.1, 32],
    ['a batch is no longer than a run may be', 10, 2, 10],
    ['a model slower than a run may be gets one window', 80, 1.5, 1],
    ['a fast model gets batches anyway: the way to it costs more', 0.4, 1, 32],
  ];
  for (const [what, singleMs, batchGain, limit] of cases) {
    it(what, () => assert.equal(batchLimit({ singleMs, batchGain }, 32), limit));
  }
});
