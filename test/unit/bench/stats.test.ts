import assert from 'node:assert/strict';
import { alternate, median, spread } from '../../../bench/stats.ts';

describe('the statistics of the benchmarks', () => {
  it('take the middle of an odd number of runs', () => assert.equal(median([9, 1, 5]), 5));
  it('take the mean of the two in the middle of an even number', () => assert.equal(median([10, 1, 3, 5]), 4));
  it('know no median of nothing', () => assert.ok(Number.isNaN(median([]))));
  it('tell how far the outermost runs lie apart', () => assert.equal(spread([8, 10, 13]), 0.5));

  it('run what is compared in turn', async () => {
    const order: string[] = [];
    const run = (name: string) => async () => {
      order.push(name);
      return order.length;
    };
    const results = await alternate(2, { a: run('a'), b: run('b') });
    assert.deepEqual(order, ['a', 'b', 'a', 'b']);
    assert.deepEqual(results, { a: [1, 3], b: [2, 4] });
  });
});
