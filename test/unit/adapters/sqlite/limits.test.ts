import assert from 'node:assert/strict';
import { MIN_OUTBOX_BYTES, PAGE_BYTES, shareOut } from '../../../../src/adapters/sqlite/limits.ts';

describe('the shares of an outbox', () => {
  for (const maxBytes of [MIN_OUTBOX_BYTES, 10e6, 64e6, 1e9]) {
    it(`add up to no more than the cap of ${maxBytes} bytes`, () => {
      const { maxPages, walBytes, ballastBytes } = shareOut(maxBytes);
      assert.ok(maxPages * PAGE_BYTES + walBytes + ballastBytes <= maxBytes);
      assert.ok(maxPages * PAGE_BYTES >= maxBytes / 2, 'most of it is for messages');
    });
  }

  it('let the smallest outbox take the largest message of AWS IoT Core', () => {
    assert.ok(shareOut(MIN_OUTBOX_BYTES).batchBytes > 128 * 1024 + 1000);
  });

  it('leave room in the log for one more commit when it is due to be written back', () => {
    const { walBytes, checkpointFrames, batchBytes } = shareOut(64e6);
    assert.ok(checkpointFrames * (PAGE_BYTES + 24) + batchBytes < walBytes);
  });
});
