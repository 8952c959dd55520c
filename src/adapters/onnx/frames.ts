/**
 * Binary frames between agent and runner: five little-endian uint32 (magic, type, id, count, body length), then the
 * body. Twenty bytes keep a body of float32 aligned. Both ends are one machine, so floats travel as they lie in memory.
 */
export const FRAME = { load: 1, loaded: 2, run: 3, scores: 4, failed: 5 } as const;
export type FrameType = (typeof FRAME)[keyof typeof FRAME];

export type Header = {
  readonly type: FrameType;
  /** An answer carries the id of its question. */
  readonly id: number;
  /** Windows of run and scores; bytes of the JSON head of load. */
  readonly count: number;
  readonly length: number;
};

export const HEADER_BYTES = 20;
/** "OCE1": garbage on the pipe is told apart at its first four bytes. */
const MAGIC = 0x3145434f;
/** A model of half a gigabyte is far over what an edge device runs; a larger length is a damaged frame. */
export const MAX_BODY_BYTES = 512 * 2 ** 20;

export function writeHeader(into: Uint8Array, header: Header): void {
  const view = new DataView(into.buffer, into.byteOffset, HEADER_BYTES);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, header.type, true);
  view.setUint32(8, header.id, true);
  view.setUint32(12, header.count, true);
  view.setUint32(16, header.length, true);
}

const NOTHING = new Uint8Array(0);

/** Says where the body of a frame goes (exactly `length` bytes), or refuses the frame by a reason. */
export type Place = (header: Header) => Uint8Array | string;
export type OnFrame = (header: Header, body: Uint8Array) => void;

/**
 * Puts frames together from the pieces that a pipe delivers. Each byte of a body is copied once, into the place that
 * its receiver names. After a broken frame nothing more is read: the stream has no way back.
 */
export class FrameReader {
  readonly #head = new Uint8Array(HEADER_BYTES);
  readonly #place: Place;
  readonly #onFrame: OnFrame;
  #filled = 0;
  #header: Header | undefined;
  #body: Uint8Array = NOTHING;
  #broken: string | undefined;

  constructor(place: Place, onFrame: OnFrame) {
    this.#place = place;
    this.#onFrame = onFrame;
  }

  /** Reads a piece. Returns what is wrong with the stream, or undefined. The piece may be reused afterwards. */
  push(piece: Uint8Array): string | undefined {
    let rest = piece;
    while (this.#broken === undefined) {
      const target = this.#header === undefined ? this.#head : this.#body;
      const part = rest.subarray(0, target.length - this.#filled);
      target.set(part, this.#filled);
      this.#filled += part.length;
      rest = rest.subarray(part.length);
      if (this.#filled < target.length) return undefined;
      this.#filled = 0;
      if (this.#header === undefined) this.#begin();
      else this.#finish(this.#header);
    }
    return this.#broken;
  }

  #begin(): void {
    const header = readHeader(this.#head);
    const body = typeof header === 'string' ? header : this.#place(header);
    if (typeof header === 'string' || typeof body === 'string') this.#broken = String(body);
    else {
      this.#header = header;
      this.#body = body;
    }
  }

  #finish(header: Header): void {
    const body = this.#body;
    this.#header = undefined;
    // A model must not stay in memory for as long as no other frame comes.
    this.#body = NOTHING;
    this.#onFrame(header, body);
  }
}

function readHeader(head: Uint8Array): Header | string {
  const view = new DataView(head.buffer, head.byteOffset, HEADER_BYTES);
  if (view.getUint32(0, true) !== MAGIC) return 'no frame starts here';
  const type = view.getUint32(4, true);
  if (!isFrameType(type)) return `frame type ${type}`;
  const length = view.getUint32(16, true);
  if (length > MAX_BODY_BYTES) return `a body of ${length} bytes`;
  return { type, id: view.getUint32(8, true), count: view.getUint32(12, true), length };
}

function isFrameType(type: number): type is FrameType {
  return type >= FRAME.load && type <= FRAME.failed;
}
