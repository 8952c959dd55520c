import assert from 'node:assert/strict';
import { merge } from '../../../src/adapters/shadow/merge.ts';
import { shadowDiff } from '../../../src/agent/shadow-diff.ts';

describe('a difference of shadow documents', () => {
  const cases: readonly (readonly [known: object, wanted: object, patch: object])[] = [
    [{}, {}, {}],
    [{ a: 1 }, { a: 1 }, {}],
    [{ a: 1 }, { a: 2 }, { a: 2 }],
    [{ a: 1 }, {}, { a: null }],
    [{ a: 1 }, { a: undefined }, { a: null }],
    [{}, { a: { b: 1 } }, { a: { b: 1 } }],
    [{ a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, { a: { c: 3 } }],
    [{ a: { b: 1 } }, { a: 5 }, { a: 5 }],
    [{ a: 5 }, { a: { b: 1 } }, { a: { b: 1 } }],
    [{ a: [1, 2] }, { a: [1, 2] }, {}],
    [{ a: [1, 2] }, { a: [2, 1] }, { a: [2, 1] }],
    [{ a: { b: { c: 1 } } }, { a: { b: {} } }, { a: { b: { c: null } } }],
  ];
  for (const [known, wanted, patch] of cases) {
    it(`from ${JSON.stringify(known)} to ${JSON.stringify(wanted)} is ${JSON.stringify(patch)}, and merging it gets there`, () => {
      const found = shadowDiff({ ...known }, { ...wanted });
      assert.deepEqual(found, patch);
      assert.deepEqual(merge({ ...known }, found), JSON.parse(JSON.stringify(wanted)));
    });
  }
});
