import assert from 'node:assert/strict';
import { PacketLimit } from '../../../../src/adapters/aedes/packet-limit.ts';

describe('PacketLimit', () => {
  const FITS = Buffer.concat([Buffer.from([0x30, 100]), Buffer.alloc(100, 0xff)]);
  const TOO_LARGE = Buffer.from([0x30, 0xc8, 0x01]);

  it('lets packets pass up to the limit, however they are cut', () => {
    for (let size = 1; size < 300; size += 7) assert.equal(exceeded([FITS, FITS, FITS], size), false);
  });

  it('notices the first packet beyond it, from its header alone', () => {
    for (const size of [1, 2, 50, 1_000]) assert.equal(exceeded([FITS, TOO_LARGE], size), true);
  });

  it('notices a length that never ends', () => {
    assert.equal(exceeded([Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80])], 1), true);
  });

  it('lets empty packets pass', () => {
    assert.equal(exceeded([Buffer.from([0xc0, 0, 0xc0, 0])], 1), false);
  });

  function exceeded(packets: readonly Buffer[], size: number): boolean {
    const limit = new PacketLimit(100);
    const bytes = Buffer.concat(packets);
    for (let at = 0; at < bytes.length; at += size) {
      if (limit.exceededBy(bytes.subarray(at, at + size))) return true;
    }
    return false;
  }
});
