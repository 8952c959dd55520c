import assert from 'node:assert/strict';
import { MAX_VALUES } from '../../../src/domain/reading.ts';
import { compilePointer } from '../../../src/flow/pointer.ts';
import { readFloats, readValues } from '../../../src/flow/values.ts';

/** Values that pointers find in a document, as a list; or why they are none. */
function read(document: unknown, channels: number, ...pointers: string[]): readonly number[] | string {
  return plain(readValues(document, pointers.map(compilePointer), channels));
}

function plain(values: Float32Array | string): readonly number[] | string {
  return typeof values === 'string' ? values : [...values];
}

function floats(...values: number[]): Uint8Array {
  return new Uint8Array(Float32Array.from(values).buffer);
}

describe('values behind one pointer', () => {
  const good: readonly [what: string, v: unknown, channels: number, values: number[]][] = [
    ['a number', 1.5, 1, [1.5]],
    ['a flat list of one channel', [1, 2, 3], 1, [1, 2, 3]],
    ['a flat list of samples, all channels of the first one first', [1, 2, 3, 4], 2, [1, 2, 3, 4]],
    [
      'a list of rows',
      [
        [1, 2],
        [3, 4],
      ],
      2,
      [1, 2, 3, 4],
    ],
    ['a list of rows of one', [[1], [2]], 1, [1, 2]],
    ['the bytes of float32', floats(1, -2.5), 1, [1, -2.5]],
    ['the largest exact numbers', [2 ** 53 - 1, -(2 ** 53) + 1], 1, [2 ** 53, -(2 ** 53)]],
    ['minus zero and the smallest', [-0, 1e-46], 1, [-0, 0]],
  ];
  for (const [what, v, channels, values] of good) {
    it(`may be ${what}`, () => {
      assert.deepEqual(read({ v }, channels, '/v'), values);
    });
  }

  const bad: readonly [what: string, v: unknown, channels: number, reason: string][] = [
    ['nothing', undefined, 1, 'missing-value'],
    ['null', null, 1, 'not-a-number'],
    ['text', '1.5', 1, 'not-a-number'],
    ['true', true, 1, 'not-a-number'],
    ['an object', { x: 1 }, 1, 'not-a-number'],
    ['a list with a hole', [1, undefined, 3], 1, 'not-a-number'],
    ['a list with text', [1, '2'], 1, 'not-a-number'],
    ['a list with null', [null], 1, 'not-a-number'],
    ['NaN', Number.NaN, 1, 'not-finite'],
    ['infinite', [1, Number.POSITIVE_INFINITY], 1, 'not-finite'],
    ['minus infinite', Number.NEGATIVE_INFINITY, 1, 'not-finite'],
    ['finite, but infinite as float32', 1e39, 1, 'not-finite'],
    ['beyond 2^53', 2 ** 53, 1, 'out-of-range'],
    ['below -2^53', [-(2 ** 53)], 1, 'out-of-range'],
    ['a bigint', [2n ** 60n], 1, 'out-of-range'],
    ['an empty list', [], 1, 'wrong-shape'],
    ['a list that does not divide', [1, 2, 3], 2, 'wrong-shape'],
    ['a number where there are two channels', 1, 2, 'wrong-shape'],
    ['rows that are too short', [[1, 2], [3]], 2, 'wrong-shape'],
    ['rows that are too long', [[1, 2, 3]], 2, 'wrong-shape'],
    ['rows and numbers mixed', [[1, 2], 3], 2, 'wrong-shape'],
    ['numbers and rows mixed', [1, [2]], 1, 'not-a-number'],
    ['rows of rows', [[[1]]], 1, 'not-a-number'],
    ['no bytes', new Uint8Array(0), 1, 'wrong-shape'],
    ['bytes that are no float32', new Uint8Array(6), 1, 'wrong-shape'],
    ['bytes of too few channels', floats(1, 2, 3), 2, 'wrong-shape'],
    ['bytes of NaN', floats(1, Number.NaN), 1, 'not-finite'],
    ['too many', new Array(MAX_VALUES + 1).fill(0), 1, 'too-many-samples'],
    ['too many rows', new Array(MAX_VALUES / 2 + 1).fill([0, 0]), 2, 'too-many-samples'],
  ];
  for (const [what, v, channels, reason] of bad) {
    it(`are ${reason} when they are ${what}`, () => {
      assert.equal(read({ v }, channels, '/v'), reason);
    });
  }

  it('may be as many as there is room for', () => {
    assert.equal(read({ v: new Array(MAX_VALUES).fill(1) }, 1, '/v').length, MAX_VALUES);
  });
});

describe('values behind one pointer a channel', () => {
  it('are laid sample by sample', () => {
    assert.deepEqual(read({ x: [1, 2, 3], y: [4, 5, 6] }, 2, '/x', '/y'), [1, 4, 2, 5, 3, 6]);
  });

  it('may be single numbers', () => {
    assert.deepEqual(read({ a: { t: 20 }, p: 1.5, h: 40 }, 3, '/a/t', '/p', '/h'), [20, 1.5, 40]);
  });

  const bad: readonly [what: string, document: object, reason: string][] = [
    ['the first is missing', { y: [1] }, 'missing-value'],
    ['the last is missing', { x: [1] }, 'missing-value'],
    ['they differ in length', { x: [1, 2], y: [1] }, 'wrong-shape'],
    ['one is a number and one a list', { x: 1, y: [1, 2] }, 'wrong-shape'],
    ['all are empty', { x: [], y: [] }, 'wrong-shape'],
    ['one holds null', { x: [1], y: [null] }, 'not-a-number'],
    ['one is infinite', { x: [1], y: 1e300 }, 'not-finite'],
    ['one is out of range', { x: 2 ** 60, y: 1 }, 'out-of-range'],
    ['they are too many', { x: new Array(MAX_VALUES).fill(0), y: 1 }, 'too-many-samples'],
  ];
  for (const [what, document, reason] of bad) {
    it(`are ${reason} when ${what}`, () => {
      assert.equal(read(document, 2, '/x', '/y'), reason);
    });
  }
});

describe('a payload of float32', () => {
  it('is read where it lies, aligned or not', () => {
    for (const offset of [0, 1, 2, 3]) {
      const memory = new Uint8Array(16);
      memory.set(floats(1.5, -2, 3), offset);
      assert.deepEqual(plain(readFloats(memory.subarray(offset, offset + 12), 3)), [1.5, -2, 3], `offset ${offset}`);
    }
  });

  it("is copied: the memory is the bus's", () => {
    const payload = floats(1, 2);
    const values = readFloats(payload, 1);
    payload.fill(0xee);
    assert.deepEqual(plain(values), [1, 2]);
  });

  it('holds at most what there is room for', () => {
    assert.equal(plain(readFloats(new Uint8Array(MAX_VALUES * 4), 1)).length, MAX_VALUES);
    assert.equal(readFloats(new Uint8Array(MAX_VALUES * 4 + 4), 1), 'too-many-samples');
  });
});
