import { rm } from 'node:fs/promises';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import type { Cancel, Clock } from '../../ports/clock.ts';
import { makeRelayFolder } from './relay-folder.ts';

/** A client connects within a millisecond, or never: it was given up before. */
const ABANDONED_MS = 10_000;

/** When the nucleus left: one that hangs up on a token does not know it. */
export type Parting = 'before the token' | 'after the token';

/**
 * The way of one client of the SDK to the nucleus, over a socket of our own:
 *
 *     client of the SDK  <->  this relay  <->  nucleus
 *
 * The SDK's native half (aws-crt 1.33, event_stream.c) ends the whole process when its connection is ended by the other
 * side in the wrong moment: before Node has been told that it stands, as its two callbacks come through two queues, or
 * under load, when it frees twice what it was about to send. A nucleus that dies, restarts or is full does just that. So
 * the client never sees its connection end: when the nucleus leaves, the relay stays, swallows what still comes, and
 * tells whoever made the client (`lost`), who closes it. A message costs a copy: a tenth or two of a millisecond.
 */
export class Relay {
  readonly path: string;
  readonly #nucleus: Socket;
  readonly #server: Server;
  #cancel: Cancel | undefined;
  #client: Socket | undefined;
  #settled = false;
  readonly #lost = Promise.withResolvers<Parting>();

  private constructor(path: string, nucleus: Socket) {
    this.path = path;
    this.#nucleus = nucleus;
    this.#server = createServer((client) => this.#accept(client)).unref();
  }

  /** Connects to the nucleus, and listens for one client. Rejects when the nucleus is not there. */
  static async open(target: string, clock: Clock): Promise<Relay> {
    const nucleus = await connect(target);
    try {
      const folder = await makeRelayFolder();
      const relay = new Relay(join(folder, 'nucleus.sock'), nucleus);
      await relay.#listen();
      relay.#cancel = clock.after(ABANDONED_MS, () => relay.#hide());
      return relay;
    } catch (cause) {
      nucleus.destroy();
      throw cause;
    }
  }

  /** Resolves when the nucleus has gone, though not before `settled`: until then the client cannot be closed safely. */
  get lost(): Promise<Parting> {
    return this.#lost.promise;
  }

  /** The SDK has its connection, and is about to show our token. */
  settled(): void {
    this.#settled = true;
    if (this.#nucleus.closed) this.#tell('before the token');
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
    this.#nucleus.on('close', () => {
      if (this.#settled) this.#tell('after the token');
    });
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(this.path, resolve));
  }

  #accept(client: Socket): void {
    this.#client = client;
    this.#hide();
    client.on('error', () => {}); // `close` follows
    client.on('close', () => this.#nucleus.destroy());
    client.pipe(this.#nucleus, { end: false });
    this.#nucleus.pipe(client, { end: false });
  }

  /** What the client still sends is swallowed, so that nothing waits in it when it is closed. */
  #tell(parting: Parting): void {
    this.#client?.unpipe();
    this.#client?.resume();
    this.#lost.resolve(parting);
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
