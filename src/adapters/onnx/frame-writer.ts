import type { Writable } from 'node:stream';
import { HEADER_BYTES, type Header, writeHeader } from './frames.ts';

/** A small frame is copied behind its header and written at once: cheaper than writev up to about here. */
const SINGLE_WRITE_BYTES = 32 * 1024;

/**
 * Writes frames to a pipe, each in one system call. The buffer for small ones is used again: the other end has read a
 * frame before it answers, and before that nobody sends the next.
 */
export class FrameWriter {
  readonly #pipe: Writable;
  readonly #small = Buffer.alloc(HEADER_BYTES + SINGLE_WRITE_BYTES);

  constructor(pipe: Writable) {
    this.#pipe = pipe;
  }

  /** The parts of the body must stay as they are until the answer. */
  send(header: Omit<Header, 'length'>, ...body: readonly Uint8Array[]): void {
    const length = body.reduce((sum, part) => sum + part.length, 0);
    const [only] = body;
    if (body.length === 1 && only !== undefined && length <= SINGLE_WRITE_BYTES) {
      writeHeader(this.#small, { ...header, length });
      this.#small.set(only, HEADER_BYTES);
      this.#pipe.write(this.#small.subarray(0, HEADER_BYTES + length));
      return;
    }
    const head = Buffer.alloc(HEADER_BYTES);
    writeHeader(head, { ...header, length });
    this.#pipe.cork();
    this.#pipe.write(head);
    for (const part of body) this.#pipe.write(part);
    this.#pipe.uncork();
  }
}
