import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Cancel, Clock } from '../../ports/clock.ts';

/** A client connects within a millisecond, or never: it was given up before. */
const ABANDONED_MS = 10_000;

/**
 * A socket of our own between one client of the SDK and the nucleus.
 *
 * The SDK's native half (aws-crt 1.33, event_stream.c) aborts the whole process when a connection ends before Node has
 * been told that it stands: its two callbacks come through two queues. A nucleus that dies, restarts, or has as many
 * clients as it takes does just that. Here a connection does not end before the SDK has taken note of it (`settled`).
 * It costs each message a copy: there and back, a tenth or two of a
 * millisecond.
 */
export class Relay {
  readonly path: string;
  readonly #nucleus: Socket;
  readonly #server: Server;
  #cancel: Cancel | undefined;
  #client: Socket | undefined;
  #settled = false;
  readonly #lost = Promise.withResolvers<void>();

  private constructor(path: string, nucleus: Socket) {
    this.path = path;
    this.#nucleus = nucleus;
    this.#server = createServer((client) => this.#accept(client)).unref();
  }

  /** Connects to the nucleus, and listens for one client. Rejects when the nucleus is not there. */
  static async open(target: string, clock: Clock): Promise<Relay> {
    const nucleus = await connect(target);
    try {
      const folder = await mkdtemp(join(tmpdir(), 'openclaw-ipc-'));
      const relay = new Relay(join(folder, 'nucleus.sock'), nucleus);
      await relay.#listen();
      relay.#cancel = clock.after(ABANDONED_MS, () => relay.#hide());
      return relay;
    } catch (cause) {
      nucleus.destroy();
      throw cause;
    }
  }

  /** Resolves when the nucleus has gone. The SDK is not told: whoever made its client has to close it. */
  get lost(): Promise<void> {
    return this.#lost.promise;
  }

  /** The SDK knows its connection: from here on it may be told that it ended. */
  settled(): void {
    this.#settled = true;
    this.#passOn();
  }

  /**
   * Lets go of the nucleus. A client that is on its way ends its connection itself, once it stands: the socket stays
   * until then, unless `unused` tells that none ever will be.
   */
  close(unused: boolean): void {
    this.#nucleus.destroy();
    if (unused) this.#hide();
  }

  async #listen(): Promise<void> {
    this.#nucleus.on('close', () => this.#passOn());
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(this.path, resolve));
  }

  #accept(client: Socket): void {
    this.#client = client;
    this.#hide();
    client.on('error', () => {}); // `close` follows
    client.on('close', () => this.#nucleus.destroy());
    client.pipe(this.#nucleus, { end: false });
    this.#nucleus.pipe(client, { end: false });
    this.#passOn();
  }

  /**
   * The nucleus has ended its connection, and the SDK knows of its own: tells it. What the client still sends is swallowed,
   * so that nothing waits in it when it is closed.
   */
  #passOn(): void {
    if (!this.#nucleus.closed || !this.#settled) return;
    this.#client?.unpipe();
    this.#client?.resume();
    this.#lost.resolve();
  }

  /** One client is all: nobody else shall find the socket. */
  #hide(): void {
    this.#cancel?.();
    this.#server.close();
    void rm(dirname(this.path), { recursive: true, force: true }).catch(() => {});
  }
}

function connect(target: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = dial(target);
    // Later errors are followed by `close`.
    socket.on('error', reject).once('connect', () => resolve(socket));
  });
}
