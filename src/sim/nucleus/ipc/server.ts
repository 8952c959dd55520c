import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '../../../domain/errors.ts';
import { PubSub } from '../pubsub.ts';
import type { NucleusServices } from '../services.ts';
import { DIALECTS } from './dialect.ts';
import type { Nucleus } from './operation.ts';
import { operationsOf } from './operations.ts';
import { Session } from './session.ts';

/** sun_path has 108 bytes with the NUL at its end; a longer path would be cut off silently. */
const MAX_SOCKET_PATH_BYTES = 107;
/** Components run as the user of the simulator: nobody else needs to connect. */
const SOCKET_MODE = 0o600;

export type IpcServerOptions = {
  readonly services: NucleusServices;
  /** At most 107 bytes. What stands there is replaced. */
  readonly socketPath: string;
  /** Told of a bug in an operation, which is answered with ServiceError. */
  readonly onBug?: (operation: string, cause: unknown) => void;
};

/**
 * The Greengrass IPC on a Unix socket, for the unmodified client of the AWS IoT device SDK: as the classic nucleus or
 * nucleus lite serves it, by `services.mode`. A development tool: it knows no users, only tokens.
 */
export class IpcServer {
  readonly #options: IpcServerOptions;
  readonly #sessions = new Set<Session>();
  #server: Server | undefined;
  #subscriptions = 0;
  readonly pubsub: PubSub;

  constructor(options: IpcServerOptions) {
    this.#options = options;
    this.pubsub = new PubSub(options.services.mode);
  }

  /** Listens. May be called again after `stop` or `cut`. */
  async start(): Promise<Result<void>> {
    if (this.#server !== undefined) throw new Error('the IPC server was started before');
    const { socketPath, services } = this.#options;
    if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH_BYTES) {
      return fail('E_NUCLEUS_SOCKET', `${socketPath}: longer than ${MAX_SOCKET_PATH_BYTES} bytes`);
    }
    const server = createServer((socket) => this.#accept(socket));
    server.maxConnections = DIALECTS[services.mode].maxConnections;
    this.#server = server;
    try {
      await mkdir(dirname(socketPath), { recursive: true });
      await rm(socketPath, { force: true });
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve));
      await chmod(socketPath, SOCKET_MODE);
    } catch (cause) {
      await this.stop();
      return fail('E_NUCLEUS_SOCKET', `${socketPath}: ${cause instanceof Error ? cause.message : cause}`, cause);
    }
    return ok(undefined);
  }

  /** Ends every connection and frees the path. Idempotent. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const session of [...this.#sessions]) session.cut();
    await closed;
  }

  /** Drops all connections at once and listens no more, as a nucleus that dies; `start` brings it back. */
  cut(): Promise<void> {
    return this.stop();
  }

  #accept(socket: Socket): void {
    const { services, onBug = rethrow } = this.#options;
    const dialect = DIALECTS[services.mode];
    const nucleus: Nucleus = { services, pubsub: this.pubsub };
    const session = new Session({
      socket,
      nucleus,
      dialect,
      operations: operationsOf(services.mode),
      takeSubscription: () => {
        if (this.#subscriptions >= dialect.maxSubscriptions) return false;
        this.#subscriptions++;
        return true;
      },
      giveSubscriptionBack: () => {
        this.#subscriptions--;
      },
      onBug,
    });
    this.#sessions.add(session);
    socket.once('close', () => this.#sessions.delete(session));
    session.start();
  }
}

/** A bug in the simulator should not hide in an answer. */
function rethrow(_operation: string, cause: unknown): void {
  queueMicrotask(() => {
    throw cause;
  });
}
