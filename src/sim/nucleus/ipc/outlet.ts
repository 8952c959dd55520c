import type { Socket } from 'node:net';
import type { Dialect } from './dialect.ts';

/** What goes out to one client, bounded: in the length of a frame, in what waits for it, and in how long it waits. */
export class Outlet {
  readonly #socket: Socket;
  readonly #dialect: Dialect;
  #stalled: NodeJS.Timeout | undefined;

  constructor(socket: Socket, dialect: Dialect) {
    this.#socket = socket;
    this.#dialect = dialect;
    socket.on('drain', () => this.#clear());
    socket.once('close', () => this.#clear());
  }

  /** Sends a frame. False: it is too long for the nucleus, or the client is gone or takes too little. */
  send(frame: Uint8Array): boolean {
    const { maxFrameBytes, maxUnsentBytes, whenFull, stallMs } = this.#dialect;
    if (frame.length > maxFrameBytes || !this.#socket.writable) return false;
    if (this.#socket.writableLength + frame.length > maxUnsentBytes) {
      if (whenFull === 'cut') this.#socket.destroy();
      return false;
    }
    const taken = this.#socket.write(frame);
    if (!taken && stallMs !== undefined) this.#stalled ??= setTimeout(() => this.#socket.destroy(), stallMs).unref();
    return true;
  }

  #clear(): void {
    clearTimeout(this.#stalled);
    this.#stalled = undefined;
  }
}
