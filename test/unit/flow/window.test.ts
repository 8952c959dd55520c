import assert from 'node:assert/strict';
import type { Window } from '../../../src/domain/reading.ts';
import { Windower, type WindowerOptions } from '../../../src/flow/window.ts';
import { seeded } from '../../../src/sim/random.ts';
import { whole } from './random.ts';

const EPOCH = Date.UTC(2026, 0, 1);

/** A windower that is fed by hand and remembers what it said. */
class Bench {
  readonly events: string[] = [];
  readonly windows: Window[] = [];
  readonly windower: Windower;

  constructor(options: Partial<WindowerOptions> = {}) {
    const defaults = { size: 4, hop: 4, channels: 1, gapMs: 1000, maxKeys: 3 };
    this.windower = new Windower({ ...defaults, ...options, onEvent: (event) => this.events.push(event) });
  }

  /** Adds a reading of `key` at `ms`; its windows, each as a list of samples. */
  push(ms: number, values: readonly number[], key = 'a'): readonly (readonly number[])[] | 'out-of-order' {
    const out: Window[] = [];
    const reading = { key, timeMs: EPOCH + ms, orderMs: ms, values: Float32Array.from(values) };
    const late = this.windower.push(reading, ms + 0.5, out);
    this.windows.push(...out);
    return late ?? out.map(({ samples }) => [...samples]);
  }

  /** Adds single samples, a millisecond apart. */
  feed(...values: number[]): readonly (readonly number[])[] {
    return values.flatMap((value, ms) => this.push(ms, [value]) as readonly (readonly number[])[]);
  }
}

describe('windows', () => {
  const hops: readonly [hop: number, what: string, windows: readonly number[][]][] = [
    [
      4,
      'follow each other',
      [
        [1, 2, 3, 4],
        [5, 6, 7, 8],
      ],
    ],
    [
      3,
      'overlap',
      [
        [1, 2, 3, 4],
        [4, 5, 6, 7],
      ],
    ],
    [
      1,
      'slide',
      [
        [1, 2, 3, 4],
        [2, 3, 4, 5],
        [3, 4, 5, 6],
        [4, 5, 6, 7],
        [5, 6, 7, 8],
        [6, 7, 8, 9],
      ],
    ],
    [
      5,
      'leave one out',
      [
        [1, 2, 3, 4],
        [6, 7, 8, 9],
      ],
    ],
    [9, 'leave most out', [[1, 2, 3, 4]]],
  ];
  for (const [hop, what, windows] of hops) {
    it(`${what} with a hop of ${hop}`, () => {
      assert.deepEqual(new Bench({ hop }).feed(1, 2, 3, 4, 5, 6, 7, 8, 9), windows);
    });

    it(`${what} with a hop of ${hop}, too, when one reading holds them all`, () => {
      assert.deepEqual(new Bench({ hop }).push(0, [1, 2, 3, 4, 5, 6, 7, 8, 9]), windows);
    });
  }

  it('are the readings themselves where these have just their size, and are in step', () => {
    const bench = new Bench({ size: 2, hop: 2 });
    assert.deepEqual(bench.push(0, [1, 2]), [[1, 2]]);
    assert.deepEqual(bench.push(1, [3]), []);
    assert.deepEqual(bench.push(2, [4, 5]), [[3, 4]]);
    assert.deepEqual(bench.push(3, [6]), [[5, 6]]);
    assert.deepEqual(bench.push(4, [7, 8]), [[7, 8]]);
    assert.deepEqual(
      bench.windows.map(({ seq }) => seq),
      [0, 1, 2, 3],
    );
  });

  it('hold all channels of each sample', () => {
    const bench = new Bench({ size: 2, hop: 1, channels: 2 });
    assert.deepEqual(bench.push(0, [1, 10]), []);
    assert.deepEqual(bench.push(1, [2, 20, 3, 30]), [
      [1, 10, 2, 20],
      [2, 20, 3, 30],
    ]);
  });

  it('are those of one key each', () => {
    const bench = new Bench();
    bench.push(0, [1, 2, 3], 'a');
    bench.push(0, [11, 12], 'b');
    assert.deepEqual(bench.push(1, [4], 'a'), [[1, 2, 3, 4]]);
    assert.deepEqual(bench.push(1, [13, 14], 'b'), [[11, 12, 13, 14]]);
  });

  it('carry the time of the reading that completed them, when it came, and a count of their own', () => {
    const bench = new Bench({ size: 2, hop: 2 });
    bench.push(10, [1], 'a');
    bench.push(20, [2, 3, 4, 5], 'a');
    bench.push(30, [6, 7], 'b');
    assert.deepEqual(
      bench.windows.map(({ key, seq, timeMs, arrivedMs }) => [key, seq, timeMs - EPOCH, arrivedMs]),
      [
        ['a', 0, 20, 20.5],
        ['a', 1, 20, 20.5],
        ['b', 0, 30, 30.5],
      ],
    );
  });

  it('belong to who gets them: what comes later changes none', () => {
    const bench = new Bench({ hop: 1 });
    bench.feed(1, 2, 3, 4);
    bench.push(4, [5]);
    assert.deepEqual([...(bench.windows[0]?.samples ?? [])], [1, 2, 3, 4]);
  });

  it('start anew after a gap, and go on counting', () => {
    const bench = new Bench({ size: 2, hop: 2 });
    bench.push(0, [1, 2, 3]);
    assert.deepEqual(bench.push(1001, [4]), []);
    assert.deepEqual(bench.push(1002, [5]), [[4, 5]]);
    assert.deepEqual(
      bench.windows.map(({ seq }) => seq),
      [0, 1],
    );
    assert.deepEqual(bench.events, ['gaps']);
  });

  it('take a pause just within the gap as none', () => {
    const bench = new Bench({ size: 2, hop: 2 });
    bench.push(0, [1]);
    assert.deepEqual(bench.push(1000, [2]), [[1, 2]]);
    assert.deepEqual(bench.events, []);
  });

  it('start anew when the time of a sensor jumps back beyond the gap', () => {
    const bench = new Bench({ size: 2, hop: 2 });
    bench.push(5000, [1]);
    assert.deepEqual(bench.push(3999, [2]), []);
    assert.deepEqual(bench.push(4000, [3]), [[2, 3]]);
    assert.deepEqual(bench.events, ['gaps']);
  });

  it('leave a late reading out, and mind its time no more', () => {
    const bench = new Bench({ size: 2, hop: 2 });
    bench.push(1000, [1]);
    assert.equal(bench.push(999, [7]), 'out-of-order');
    assert.equal(bench.push(0, [8]), 'out-of-order');
    assert.deepEqual(bench.push(1000, [2]), [[1, 2]], 'the same moment again is in order');
    assert.deepEqual(bench.events, []);
  });

  it('forget after a gap what was still to be left out', () => {
    const bench = new Bench({ size: 2, hop: 10 });
    bench.push(0, [1, 2]);
    assert.deepEqual(bench.push(5000, [3, 4]), [[3, 4]]);
  });

  it('forget the key unheard for longest when a new one comes', () => {
    const bench = new Bench({ size: 2, hop: 2, maxKeys: 2 });
    bench.push(0, [1], 'a');
    bench.push(0, [2], 'b');
    bench.push(1, [3, 4], 'a');
    bench.push(1, [5], 'c');
    assert.deepEqual(bench.events, ['keysEvicted']);
    assert.equal(bench.windower.keys, 2);
    assert.deepEqual(bench.push(2, [6], 'a'), [[4, 6]], 'a was heard later than b');
    assert.deepEqual(bench.push(2, [7], 'b'), [], 'b lost what it had');
  });

  it('count from 0 again for a key that was forgotten', () => {
    const bench = new Bench({ size: 1, hop: 1, maxKeys: 1 });
    for (const key of ['a', 'a', 'b', 'a']) bench.push(0, [1], key);
    assert.deepEqual(
      bench.windows.map(({ key, seq }) => key + seq),
      ['a0', 'a1', 'b0', 'a0'],
    );
  });

  it('know no more keys than they may, under a flood of them', () => {
    const bench = new Bench({ maxKeys: 3 });
    for (let i = 0; i < 1000; i++) bench.push(i, [1], `key-${i}`);
    assert.equal(bench.windower.keys, 3);
    assert.equal(bench.events.length, 997);
  });

  for (let seed = 1; seed <= 50; seed++) {
    it(`are those that cutting the whole stream gives, however it is chopped (seed ${seed})`, () => {
      const random = seeded(seed).uniform;
      const [size, hop, channels] = [whole(random, 1, 12), whole(random, 1, 20), whole(random, 1, 3)];
      const bench = new Bench({ size, hop, channels });
      const stream = Float32Array.from({ length: whole(random, 0, 200) * channels }, (_, i) => i);
      for (let at = 0, ms = 0; at < stream.length; ms += whole(random, 0, 1000)) {
        const next = at + whole(random, 1, 30) * channels;
        bench.push(ms, [...stream.subarray(at, next)]);
        at = next;
      }
      assert.deepEqual(
        bench.windows.map(({ samples }) => [...samples]),
        cut([...stream], size * channels, hop * channels),
      );
      if (hop > size) return;
      const hops = bench.windows.flatMap(({ samples }) => [...samples.subarray(0, hop * channels)]);
      assert.deepEqual(hops, [...stream.subarray(0, hops.length)], 'put together, the hops are the stream');
    });
  }
});

/** What a window is, in one line. */
function cut(stream: readonly number[], width: number, step: number): number[][] {
  const starts = stream.map((_, at) => at).filter((at) => at % step === 0 && at + width <= stream.length);
  return starts.map((at) => stream.slice(at, at + width));
}
