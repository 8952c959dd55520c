import assert from 'node:assert/strict';
import { encodeFrame, type Frame } from '../../../src/sim/nucleus/ipc/frame.ts';
import { FrameReader } from '../../../src/sim/nucleus/ipc/frame-reader.ts';

const FRAME: Frame = {
  type: 0,
  flags: 2,
  stream: 7,
  headers: { operation: 'aws.greengrass#X' },
  payload: Buffer.from('{}'),
};
const MAX_BYTES = 1_000;

describe('event-stream frames of the simulated nucleus', () => {
  it('come out as they went in, however the bytes are cut', () => {
    const bytes = Buffer.concat([encodeFrame(FRAME), encodeFrame({ ...FRAME, stream: 8 })]);
    for (const size of [1, 3, 50, bytes.length]) {
      const reader = new FrameReader(MAX_BYTES);
      const frames: Frame[] = [];
      for (let at = 0; at < bytes.length; at += size) frames.push(...reader.push(bytes.subarray(at, at + size)).frames);
      assert.deepEqual(
        frames.map((frame) => ({ ...frame, payload: Buffer.from(frame.payload) })),
        [FRAME, { ...FRAME, stream: 8 }],
      );
    }
  });

  it('end the reading when they are longer than the nucleus takes, before their bytes are held', () => {
    const long = encodeFrame({ ...FRAME, payload: Buffer.alloc(MAX_BYTES) });
    const { frames, broken } = new FrameReader(MAX_BYTES).push(long.subarray(0, 4));
    assert.deepEqual([frames.length, broken], [0, true]);
  });

  it('end the reading when a checksum is wrong, and those before it count', () => {
    const damaged = Buffer.from(encodeFrame(FRAME));
    damaged[damaged.length - 6] = 0;
    const { frames, broken } = new FrameReader(MAX_BYTES).push(Buffer.concat([encodeFrame(FRAME), damaged]));
    assert.deepEqual([frames.length, broken], [1, true]);
  });

  it('end the reading when their length cannot be', () => {
    assert.equal(new FrameReader(MAX_BYTES).push(Buffer.alloc(4)).broken, true);
  });
});
