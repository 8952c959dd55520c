import assert from 'node:assert/strict';
import { factChecksum, rowChecksum, type Sealed } from '../../../../src/adapters/sqlite/checksum.ts';

const ROW: Sealed = {
  seq: 7,
  id: 'a',
  rank: 30,
  topic: 'dt/a',
  payload: Uint8Array.of(1, 2, 3),
  correlationData: Uint8Array.of(9),
  createdAt: 1000,
};

describe('the checksum of a row', () => {
  const changes: Partial<Sealed>[] = [
    { seq: 8 },
    { id: 'b' },
    { rank: 10 },
    { topic: 'dt/b' },
    { payload: Uint8Array.of(1, 2, 2) },
    { correlationData: Uint8Array.of(8) },
    { correlationData: undefined },
    { createdAt: 1001 },
    { payload: Uint8Array.of(2, 3), correlationData: Uint8Array.of(9, 1) },
    { id: 'adt/', topic: 'a' },
  ];
  for (const change of changes) {
    it(`differs when ${Object.keys(change).join(' and ')} differ: ${JSON.stringify(change)}`, () => {
      assert.notEqual(rowChecksum({ ...ROW, ...change }), rowChecksum(ROW));
    });
  }

  it('tells no correlation data from empty correlation data', () => {
    const empty = { ...ROW, correlationData: new Uint8Array() };
    assert.notEqual(rowChecksum(empty), rowChecksum({ ...ROW, correlationData: undefined }));
  });

  it('is the CRC-32 of zlib, the same on every machine', () => {
    assert.equal(factChecksum('a', 'b'), 1_036_623_061);
  });
});
