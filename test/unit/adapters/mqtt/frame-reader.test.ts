import assert from 'node:assert/strict';
import { type Frame, FrameReader } from '../../../../src/adapters/mqtt/frame-reader.ts';

describe('FrameReader', () => {
  const SMALL = Buffer.from([0x30, 3, 0, 1, 65]);
  const EMPTY = Buffer.from([0xd0, 0]);
  const LARGE = Buffer.concat([Buffer.from([0x32, 0xc8, 0x01]), Buffer.alloc(200, 7)]);
  const STREAM = Buffer.concat([SMALL, EMPTY, LARGE, SMALL]);
  const FRAMES = [SMALL, EMPTY, LARGE, SMALL].map((frame) => frame.toString('hex'));

  it('gives the same frames however the stream is cut', () => {
    for (let size = 1; size <= STREAM.length; size++) {
      const { frames, reader } = read(1_000);
      for (let at = 0; at < STREAM.length; at += size) assert.ok(reader.push(STREAM.subarray(at, at + size)));
      assert.deepEqual(frames.map(hex), FRAMES, `in pieces of ${size}`);
    }
  });

  it('tells type, flags and where the body starts', () => {
    const { frames, reader } = read(1_000);
    reader.push(LARGE);
    const [frame] = frames;
    assert.ok(frame);
    assert.deepEqual([frame.type, frame.flags, frame.body, frame.end, frame.oversized], [3, 2, 3, 203, false]);
  });

  it('gives nothing while it is held, and everything after', () => {
    const frames: Frame[] = [];
    const reader = new FrameReader(1_000, (frame) => {
      frames.push(frame);
      reader.hold();
    });
    reader.push(STREAM.subarray(0, 100));
    reader.push(STREAM.subarray(100));
    for (let given = 1; given <= 4; given++) {
      assert.equal(frames.length, given);
      reader.resume();
    }
    assert.deepEqual(frames.map(hex), FRAMES);
  });

  it('throws away the rest of a frame that is too large, and finds the next one', () => {
    const huge = Buffer.concat([Buffer.from([0x30, 0x80, 0x80, 0x08]), Buffer.alloc(131_072, 1)]);
    for (const size of [1_000, 65_536, 200_000]) {
      const { frames, reader } = read(1_000);
      const stream = Buffer.concat([huge, SMALL]);
      for (let at = 0; at < stream.length; at += size) assert.ok(reader.push(stream.subarray(at, at + size)));
      assert.deepEqual(
        frames.map(({ oversized }) => oversized),
        [true, false],
      );
      assert.equal(frames.slice(1).map(hex)[0], FRAMES[0]);
    }
  });

  it('refuses a length that never ends', () => {
    assert.equal(read(1_000).reader.push(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 1])), false);
    const { reader } = read(1_000);
    const pushed = [0x30, 0xff, 0xff, 0xff, 0xff].map((byte) => reader.push(Buffer.from([byte])));
    assert.deepEqual(pushed, [true, true, true, true, false]);
  });

  function read(maxBytes: number): { readonly frames: Frame[]; readonly reader: FrameReader } {
    const frames: Frame[] = [];
    return { frames, reader: new FrameReader(maxBytes, (frame) => frames.push(frame)) };
  }

  function hex({ bytes, first, end }: Frame): string {
    return bytes.subarray(first, end).toString('hex');
  }
});
