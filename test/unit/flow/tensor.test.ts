import assert from 'node:assert/strict';
import { packBatch } from '../../../src/flow/tensor.ts';

function windows(...lists: number[][]) {
  return lists.map((list, seq) => ({ key: 'a', seq, timeMs: 0, arrivedMs: 0, samples: Float32Array.from(list) }));
}

describe('a batch', () => {
  it('holds windows one after another, and no more than these', () => {
    const into = new Float32Array(6).fill(9);
    assert.deepEqual([...packBatch(windows([1, 2], [3, 4]), into)], [1, 2, 3, 4]);
  });

  it('lies in the memory that is given, so that none is made for each', () => {
    const into = new Float32Array(4);
    assert.equal(packBatch(windows([1, 2]), into).buffer, into.buffer);
  });

  it('takes no more windows than there is room for', () => {
    assert.throws(() => packBatch(windows([1, 2], [3, 4]), new Float32Array(3)), RangeError);
  });
});
