import { readVarint } from './varint.ts';

/** A fixed header is one byte of type and flags and at most four of length (MQTT 3.1.1, 2.2). */
const MAX_HEADER_BYTES = 5;
/** What of an oversized frame is read before the rest is thrown away: enough for the topic and the packet id. */
const HEAD_OF_OVERSIZED_BYTES = MAX_HEADER_BYTES + 2 + 65_535 + 2;

/** One MQTT control packet: `bytes[first..end]`, its body starts at `body`. Offsets, as a view costs 0.1 us a message. */
export type Frame = {
  readonly type: number;
  readonly flags: number;
  readonly bytes: Buffer;
  readonly first: number;
  readonly body: number;
  readonly end: number;
  /** The frame is larger than allowed: only its head is here, the rest is thrown away unread. */
  readonly oversized: boolean;
};

/**
 * Cuts a byte stream into MQTT control packets without copying them, but for those that span two chunks. Holds at most
 * one frame of `maxFrameBytes` and one chunk.
 */
export class FrameReader {
  readonly #maxFrameBytes: number;
  readonly #onFrame: (frame: Frame) => void;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Pieces of a frame that is not complete, and how many bytes it takes to go on. */
  #pieces: Buffer[] = [];
  #gathered = 0;
  #needed = 0;
  #toSkip = 0;
  #held = false;

  constructor(maxFrameBytes: number, onFrame: (frame: Frame) => void) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
  }

  /** Gives no more frames until `resume`; callable from within `onFrame`. The caller stops pushing as soon as it can. */
  hold(): void {
    this.#held = true;
  }

  get held(): boolean {
    return this.#held;
  }

  /** False: the stream is not MQTT. */
  resume(): boolean {
    this.#held = false;
    return this.#cut();
  }

  /** False: the stream is not MQTT. */
  push(chunk: Buffer): boolean {
    this.#pieces.push(chunk);
    this.#gathered += chunk.length;
    if (this.#held || this.#gathered < this.#needed) return true;
    return this.#cut();
  }

  #cut(): boolean {
    this.#join();
    while (!this.#held && this.#at < this.#chunk.length) {
      const before = this.#at;
      if (!this.#next()) return false;
      if (this.#at === before) break;
    }
    this.#keepRest();
    return true;
  }

  #join(): void {
    const [only] = this.#pieces;
    this.#chunk = this.#pieces.length === 1 && only !== undefined ? only : Buffer.concat(this.#pieces);
    this.#at = 0;
    this.#pieces = [];
    this.#gathered = 0;
    this.#needed = 0;
  }

  /** Gives one frame and moves on; stays where it is when bytes are missing. */
  #next(): boolean {
    if (this.#toSkip > 0) {
      const skipped = Math.min(this.#toSkip, this.#chunk.length - this.#at);
      this.#toSkip -= skipped;
      this.#at += skipped;
      return true;
    }
    const rest = this.#chunk.length - this.#at;
    const length = readVarint(this.#chunk, this.#at + 1);
    if (length === undefined) {
      this.#needed = rest + 1;
      return rest < MAX_HEADER_BYTES;
    }
    const total = length.end - this.#at + length.value;
    const oversized = total > this.#maxFrameBytes;
    const wanted = oversized ? Math.min(total, HEAD_OF_OVERSIZED_BYTES) : total;
    if (rest < wanted) this.#needed = wanted;
    else this.#give(wanted, length.end, total, oversized);
    return true;
  }

  #give(size: number, body: number, total: number, oversized: boolean): void {
    const first = this.#at;
    const header = this.#chunk[first] ?? 0;
    this.#at += size;
    this.#toSkip = total - size;
    this.#onFrame({ type: header >> 4, flags: header & 15, bytes: this.#chunk, first, body, end: this.#at, oversized });
  }

  #keepRest(): void {
    if (this.#at >= this.#chunk.length) return;
    const rest = this.#chunk.subarray(this.#at);
    this.#pieces = [rest];
    this.#gathered = rest.length;
  }
}
