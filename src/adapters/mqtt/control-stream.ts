import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';

/**
 * What mqtt.js has in place of the socket. It writes through to it, and reads only the control packets that are handed on
 * with `push`: PUBLISH is decoded before it, at a third of the cost. Whatever is written here keeps its order.
 */
export class ControlStream extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super();
    this.#socket = socket;
  }

  /** Bytes that wait for the network. */
  get waitingBytes(): number {
    return this.writableLength + this.#socket.writableLength;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#afterWrite(this.#socket.write(chunk), done);
  }

  /** mqtt.js writes a packet in pieces, corked: they leave in one segment. */
  override _writev(chunks: readonly { chunk: Buffer }[], done: () => void): void {
    this.#socket.cork();
    let free = true;
    for (const { chunk } of chunks) free = this.#socket.write(chunk);
    this.#socket.uncork();
    this.#afterWrite(free, done);
  }

  override _final(done: () => void): void {
    this.#socket.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #afterWrite(free: boolean, done: () => void): void {
    if (free) done();
    else this.#socket.once('drain', done);
  }
}
