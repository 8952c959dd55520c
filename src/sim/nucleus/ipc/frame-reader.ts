import { decodeFrame, FRAME_OVERHEAD_BYTES, type Frame } from './frame.ts';

const LENGTH_BYTES = 4;

/** Cuts a stream of bytes into frames. Holds at most one unfinished frame, of the length that is allowed. */
export class FrameReader {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes bytes and gives the frames that they complete; `broken`: what follows can no longer be understood. */
  push(chunk: Uint8Array): { readonly frames: readonly Frame[]; readonly broken: boolean } {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const frames: Frame[] = [];
    for (;;) {
      const length = this.#nextLength();
      if (length === undefined) return { frames, broken: false };
      if (length < FRAME_OVERHEAD_BYTES || length > this.#maxBytes) return { frames, broken: true };
      if (this.#held < length) return { frames, broken: false };
      const frame = decodeFrame(this.#take(length));
      if (frame === undefined) return { frames, broken: true };
      frames.push(frame);
    }
  }

  #nextLength(): number | undefined {
    if (this.#held < LENGTH_BYTES) return undefined;
    let [first] = this.#chunks;
    if (first === undefined || first.length < LENGTH_BYTES) first = this.#join();
    return new DataView(first.buffer, first.byteOffset).getUint32(0);
  }

  #take(length: number): Uint8Array {
    const joined = this.#join();
    this.#chunks = joined.length > length ? [joined.subarray(length)] : [];
    this.#held = joined.length - length;
    return joined.subarray(0, length);
  }

  /** Joined only when a frame is complete: a long one that comes in many pieces is copied once. */
  #join(): Uint8Array {
    const [only] = this.#chunks;
    if (only !== undefined && this.#chunks.length === 1) return only;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}
