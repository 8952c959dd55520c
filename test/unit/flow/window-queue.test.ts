import assert from 'node:assert/strict';
import type { Window } from '../../../src/domain/reading.ts';
import { WindowQueue } from '../../../src/flow/window-queue.ts';

/** Windows are written as `key seq`: a3 is the fourth of key a. */
function queueOf(max: number, ...names: string[]): { queue: WindowQueue; dropped: number } {
  const queue = new WindowQueue(max);
  const dropped = names.filter((name) => queue.push(window(name))).length;
  return { queue, dropped };
}

function window(name: string): Window {
  return { key: name.slice(0, 1), seq: Number(name.slice(1)), timeMs: 0, arrivedMs: 0, samples: new Float32Array() };
}

function take(queue: WindowQueue, limit: number): string[] {
  return queue.take(limit).map(({ key, seq }) => key + seq);
}

describe('the queue of windows', () => {
  it('gives them in the order in which they came, at most so many at once', () => {
    const { queue } = queueOf(9, 'a0', 'b0', 'a1', 'c0', 'a2');
    assert.deepEqual(take(queue, 2), ['a0', 'b0']);
    assert.equal(queue.length, 3);
    assert.deepEqual(take(queue, 3), ['a1', 'c0', 'a2']);
    assert.deepEqual(take(queue, 3), []);
  });

  it('takes in while another has its batch', () => {
    const { queue } = queueOf(9, 'a0');
    const batch = queue.take(5);
    queue.push(window('a1'));
    assert.equal(batch.length, 1);
    assert.deepEqual(take(queue, 5), ['a1']);
  });

  it('never holds more than it may', () => {
    const names = Array.from({ length: 100 }, (_, i) => `abc`[i % 3] + String(i));
    const { queue, dropped } = queueOf(7, ...names);
    assert.equal(queue.length, 7);
    assert.equal(dropped, 93);
  });

  it('drops the oldest of the same key: a flood of one sensor starves no other', () => {
    const { queue, dropped } = queueOf(3, 'a0', 'b0', 'b1', 'b2', 'b3', 'b4');
    assert.equal(dropped, 3);
    assert.deepEqual(take(queue, 9), ['a0', 'b3', 'b4']);
  });

  it('drops the oldest of all for a key with nothing waiting', () => {
    const { queue, dropped } = queueOf(3, 'a0', 'b0', 'a1', 'c0');
    assert.equal(dropped, 1);
    assert.deepEqual(take(queue, 9), ['b0', 'a1', 'c0']);
  });

  it('keeps the latest of a key in their order', () => {
    const { queue } = queueOf(2, 'a0', 'a1', 'a2', 'a3');
    assert.deepEqual(take(queue, 9), ['a2', 'a3']);
  });
});
