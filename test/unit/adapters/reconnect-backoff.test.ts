import assert from 'node:assert/strict';
import { backoffMs, FIRST_PAUSE_MS, LONGEST_PAUSE_MS } from '../../../src/adapters/reconnect-backoff.ts';

describe('backoff', () => {
  it('doubles from the first pause to the cap', () => {
    const pauses = [0, 1, 2, 7, 8, 1_000_000].map((failures) => backoffMs(failures, () => 1));
    assert.deepEqual(pauses, [FIRST_PAUSE_MS, 400, 800, 25_600, LONGEST_PAUSE_MS, LONGEST_PAUSE_MS]);
  });

  it('spreads devices over the second half of each pause', () => {
    assert.equal(
      backoffMs(3, () => 0),
      800,
    );
    assert.equal(
      backoffMs(3, () => 0.5),
      1_200,
    );
    assert.equal(
      backoffMs(3, () => 1),
      1_600,
    );
  });
});
