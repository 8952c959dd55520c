import assert from 'node:assert/strict';
import { within } from '../../../src/agent/within.ts';
import { FakeClock } from '../../fakes/clock.ts';

describe('waiting within a time', () => {
  it('is true when the promise settles first', async () => {
    const clock = new FakeClock();
    assert.equal(await within(clock, 1000, Promise.resolve('anything')), true);
    assert.equal(clock.pending, 0, 'no timer is left behind');
  });

  it('is false when the time is up first', async () => {
    const clock = new FakeClock();
    const waiting = within(clock, 1000, new Promise(() => {}));
    await clock.advance(999);
    assert.equal(clock.pending, 1);
    await clock.advance(1);
    assert.equal(await waiting, false);
    assert.equal(clock.pending, 0);
  });

  it('passes a rejection on', async () => {
    const clock = new FakeClock();
    await assert.rejects(within(clock, 1000, Promise.reject(new Error('as the test wants'))), /as the test wants/);
    assert.equal(clock.pending, 0);
  });

  it('swallows a rejection that comes too late', async () => {
    const clock = new FakeClock();
    const { promise, reject } = Promise.withResolvers<void>();
    const waiting = within(clock, 1000, promise);
    await clock.advance(1000);
    reject(new Error('nobody waits any more'));
    assert.equal(await waiting, false);
  });
});
