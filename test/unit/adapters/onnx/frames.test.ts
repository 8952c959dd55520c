import assert from 'node:assert/strict';
import {
  FRAME,
  FrameReader,
  HEADER_BYTES,
  type Header,
  MAX_BODY_BYTES,
  writeHeader,
} from '../../../../src/adapters/onnx/frames.ts';

function frame(header: Omit<Header, 'length'>, body: Uint8Array, length = body.length): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  writeHeader(bytes, { ...header, length });
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

function reading(): { reader: FrameReader; frames: { header: Header; body: number[] }[] } {
  const frames: { header: Header; body: number[] }[] = [];
  const reader = new FrameReader(
    (header) => new Uint8Array(header.length),
    (header, body) => frames.push({ header, body: [...body] }),
  );
  return { reader, frames };
}

describe('a frame reader', () => {
  const run = { type: FRAME.run, id: 0xffff_ffff, count: 2 };
  const body = Uint8Array.from({ length: 57 }, (_, i) => i);

  it('reads what was written, whatever the pieces are', () => {
    const empty = new Uint8Array(0);
    const stream = Buffer.concat([frame(run, body), frame({ ...run, id: 7 }, empty), frame({ ...run, id: 8 }, body)]);
    for (let size = 1; size <= stream.length; size++) {
      const { reader, frames } = reading();
      for (let at = 0; at < stream.length; at += size) {
        assert.equal(reader.push(stream.subarray(at, at + size)), undefined);
      }
      assert.deepEqual(frames, [
        { header: { ...run, length: 57 }, body: [...body] },
        { header: { ...run, id: 7, length: 0 }, body: [] },
        { header: { ...run, id: 8, length: 57 }, body: [...body] },
      ]);
    }
  });

  it('does not keep the piece: its memory may be used again', () => {
    const { reader, frames } = reading();
    const bytes = frame(run, body);
    const piece = bytes.slice(0, 40);
    reader.push(piece);
    piece.fill(0xee);
    reader.push(bytes.subarray(40));
    assert.deepEqual(frames[0]?.body, [...body]);
  });

  it('puts a body where its receiver wants it', () => {
    const place = new Uint8Array(100);
    const reader = new FrameReader(
      ({ length }) => place.subarray(4, 4 + length),
      () => {},
    );
    reader.push(frame(run, body));
    assert.deepEqual([...place.subarray(4, 61)], [...body]);
  });

  const broken: readonly [string, Uint8Array, RegExp][] = [
    ['other bytes than a frame', new Uint8Array(HEADER_BYTES).fill(65), /no frame/],
    ['an unknown type', frame({ ...run, type: 99 as Header['type'] }, body), /type 99/],
    ['type zero', frame({ ...run, type: 0 as Header['type'] }, body), /type 0/],
    ['a length beyond the limit', frame(run, body, MAX_BODY_BYTES + 1), /536870913 bytes/],
  ];
  for (const [what, bytes, says] of broken) {
    it(`says what is wrong with ${what}, and reads nothing more`, () => {
      const { reader, frames } = reading();
      assert.match(reader.push(bytes) ?? '', says);
      assert.match(reader.push(frame(run, body)) ?? '', says);
      assert.deepEqual(frames, []);
    });
  }

  it('takes no memory for a frame that its receiver refuses', () => {
    const reader = new FrameReader(
      () => 'not now',
      () => assert.fail('a refused frame'),
    );
    assert.equal(reader.push(frame(run, body)), 'not now');
  });
});
