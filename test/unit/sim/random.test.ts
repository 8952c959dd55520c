import assert from 'node:assert/strict';
import { seeded } from '../../../src/sim/random.ts';

const take = (count: number, draw: () => number) => Array.from({ length: count }, draw);

describe('sim/random', () => {
  it('gives the same numbers for the same seed and stream', () => {
    assert.deepEqual(take(100, seeded(7, 2).gaussian), take(100, seeded(7, 2).gaussian));
  });

  it('gives other numbers for another seed, above 32 bits too, and for another stream', () => {
    const first = take(4, seeded(7, 2).uniform);
    for (const other of [seeded(8, 2), seeded(7, 3), seeded(7 + 2 ** 32, 2)]) {
      assert.notDeepEqual(take(4, other.uniform), first);
    }
  });

  it('is uniform in [0, 1)', () => {
    const numbers = take(100_000, seeded(1).uniform);
    const tenths = numbers.reduce((counts, value) => {
      const tenth = Math.floor(value * 10);
      return counts.set(tenth, (counts.get(tenth) ?? 0) + 1);
    }, new Map<number, number>());
    assert.deepEqual([...tenths.keys()].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const count of tenths.values()) assert.ok(Math.abs(count - 10_000) < 500, `${count} in a tenth`);
  });

  it('makes normal numbers: mean 0, variance 1, kurtosis 3, and neighbours that do not know each other', () => {
    const numbers = take(100_000, seeded(3).gaussian);
    const mean = (of: (value: number, i: number) => number) =>
      numbers.reduce((total, value, i) => total + of(value, i), 0) / numbers.length;
    assert.ok(Math.abs(mean((value) => value)) < 0.02);
    assert.ok(Math.abs(mean((value) => value ** 2) - 1) < 0.02);
    assert.ok(Math.abs(mean((value) => value ** 4) - 3) < 0.15);
    assert.ok(Math.abs(mean((value, i) => value * (numbers[i - 1] ?? 0))) < 0.02);
  });
});
