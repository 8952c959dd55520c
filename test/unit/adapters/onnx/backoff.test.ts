import assert from 'node:assert/strict';
import { restartDelayMs } from '../../../../src/adapters/onnx/backoff.ts';

describe('the wait before a restart', () => {
  it('is none after the first failure, so that one crash costs no time', () => {
    assert.equal(restartDelayMs(1, 0.99), 0);
  });

  it('doubles with each further failure, up to half a minute', () => {
    const waits = [2, 3, 4, 8, 9, 10, 1000].map((failures) => restartDelayMs(failures, 1));
    assert.deepEqual(waits, [250, 500, 1000, 16_000, 30_000, 30_000, 30_000]);
  });

  it('differs between agents, by half at most', () => {
    assert.equal(restartDelayMs(3, 0), 250);
    assert.equal(restartDelayMs(3, 0.5), 375);
  });
});
