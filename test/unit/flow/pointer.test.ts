import assert from 'node:assert/strict';
import { compilePointer } from '../../../src/flow/pointer.ts';

/** The document of RFC 6901, section 5. */
const RFC = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
};

describe('a JSON pointer', () => {
  const found: readonly [pointer: string, value: unknown][] = [
    ['', RFC],
    ['/foo', RFC.foo],
    ['/foo/0', 'bar'],
    ['/foo/1', 'baz'],
    ['/', 0],
    ['/a~1b', 1],
    ['/c%d', 2],
    ['/e^f', 3],
    ['/g|h', 4],
    ['/i\\j', 5],
    ['/k"l', 6],
    ['/ ', 7],
    ['/m~0n', 8],
  ];
  for (const [pointer, value] of found) {
    it(`finds ${JSON.stringify(pointer)} in the document of the RFC`, () => {
      assert.equal(compilePointer(pointer)(RFC), value);
    });
  }

  it('reads ~01 as ~1, not as a slash', () => {
    assert.equal(compilePointer('/~01')({ '~1': 'tilde', '/': 'slash' }), 'tilde');
  });

  for (const pointer of [
    '/foo/2',
    '/foo/-',
    '/foo/-1',
    '/foo/01',
    '/foo/0/x',
    '/nothing',
    '/nothing/deeper',
    '/m~n/x',
  ]) {
    it(`finds nothing at ${pointer}`, () => {
      assert.equal(compilePointer(pointer)(RFC), undefined);
    });
  }

  it('walks the maps that CBOR gives, with any name as their key', () => {
    const document = new Map<unknown, unknown>([['data', new Map([['__proto__', [4]]])]]);
    assert.equal(compilePointer('/data/__proto__/0')(document), 4);
    assert.equal(compilePointer('/data/size')(document), undefined);
  });

  it('never leaves what the document itself holds', () => {
    for (const pointer of [
      '/__proto__',
      '/constructor',
      '/constructor/name',
      '/toString',
      '/foo/map',
      '/foo/__proto__',
    ]) {
      assert.equal(compilePointer(pointer)({ foo: [1] }), undefined, pointer);
    }
  });

  it('finds nothing in what is no document', () => {
    for (const document of [null, undefined, 7, 'text', true, new Uint8Array()]) {
      assert.equal(compilePointer('/0')(document), undefined, String(document));
    }
  });
});
