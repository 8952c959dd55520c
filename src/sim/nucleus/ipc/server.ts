import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '../../../domain/errors.ts';
import { iotCoreOf } from '../iot-core-of.ts';
import { PubSub } from '../pubsub.ts';
import type { NucleusServices } from '../services.ts';
import { ShadowManager } from '../shadow-manager.ts';
import { ComponentUpdates } from './component-updates.ts';
import { ConfigurationValidity } from './configuration-validity.ts';
import { DIALECTS } from './dialect.ts';
import type { Nucleus } from './operation.ts';
import { OperationTable } from './operations.ts';
import { Session } from './session.ts';

/** sun_path has 108 bytes with the NUL at its end; a longer path would be cut off silently. */
const MAX_SOCKET_PATH_BYTES = 107;
/** Components run as the user of the simulator: nobody else needs to connect. */
const SOCKET_MODE = 0o600;

export type IpcServerOptions = {
  readonly services: NucleusServices;
  /** At most 107 bytes. What stands there is replaced. */
  readonly socketPath: string;
  /** What stands for AWS IoT Core; without it, the nucleus is offline for ever. */
  readonly brokerUrl?: string | undefined;
};

/**
 * The Greengrass IPC on a Unix socket, for the unmodified client of the AWS IoT device SDK: as the classic nucleus or
 * nucleus lite serves it, by `services.mode`. A development tool: it knows no users, only tokens.
 */
export class IpcServer {
  readonly #options: IpcServerOptions;
  readonly #sessions = new Set<Session>();
  #running: { readonly server: Server; readonly nucleus: Nucleus; readonly detach: () => void } | undefined;
  #subscriptions = 0;
  /** The local bus, for parts of the nucleus that take part in it without a client. */
  readonly pubsub: PubSub;
  readonly #shadows: ShadowManager;

  constructor(options: IpcServerOptions) {
    this.#options = options;
    this.pubsub = new PubSub(options.services.mode);
    this.#shadows = new ShadowManager(this.pubsub);
  }

  /** Tells whether the connection to AWS IoT Core stands. */
  get online(): boolean {
    return this.#running?.nucleus.iotCore.online ?? false;
  }

  /** Listens. May be called again after `stop` or `cut`. */
  async start(): Promise<Result<void>> {
    if (this.#running !== undefined) throw new Error('the IPC server was started before');
    const { socketPath, services } = this.#options;
    if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH_BYTES) {
      return fail('E_NUCLEUS_SOCKET', `${socketPath}: longer than ${MAX_SOCKET_PATH_BYTES} bytes`);
    }
    const nucleus = this.#makeNucleus();
    const server = createServer((socket) => this.#accept(socket, nucleus));
    server.maxConnections = DIALECTS[services.mode].maxConnections;
    this.#running = { server, nucleus, detach: attach(nucleus) };
    try {
      await mkdir(dirname(socketPath), { recursive: true });
      await rm(socketPath, { force: true });
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve));
      await chmod(socketPath, SOCKET_MODE);
    } catch (cause) {
      await this.stop();
      return fail('E_NUCLEUS_SOCKET', `${socketPath}: ${cause instanceof Error ? cause.message : cause}`, cause);
    }
    nucleus.iotCore.start();
    return ok(undefined);
  }

  /** Ends every connection and frees the path. Idempotent. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    const { server, nucleus, detach } = running;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const session of [...this.#sessions]) session.cut();
    detach();
    await Promise.all([closed, nucleus.iotCore.stop()]);
  }

  /**
   * Drops all connections at once and listens no more, as a nucleus that dies; `start` brings it back. What it held in
   * memory is lost: subscriptions, and messages that waited for AWS IoT Core. Shadows are kept, as on a disk.
   */
  cut(): Promise<void> {
    return this.stop();
  }

  #makeNucleus(): Nucleus {
    const { services, brokerUrl } = this.#options;
    return {
      services,
      pubsub: this.pubsub,
      iotCore: iotCoreOf(services.mode, brokerUrl, services.thing),
      shadows: this.#shadows,
      updates: new ComponentUpdates(),
      validity: new ConfigurationValidity(),
    };
  }

  #accept(socket: Socket, nucleus: Nucleus): void {
    const { services } = this.#options;
    const dialect = DIALECTS[services.mode];
    const session = new Session({
      socket,
      nucleus,
      dialect,
      operations: new OperationTable(services),
      takeSubscription: () => {
        if (this.#subscriptions >= dialect.maxSubscriptions) return false;
        this.#subscriptions++;
        return true;
      },
      giveSubscriptionBack: () => {
        this.#subscriptions--;
      },
    });
    this.#sessions.add(session);
    socket.once('close', () => this.#sessions.delete(session));
    session.start();
  }
}

/** Lets the rest of the nucleus ask components. Returns a function that ends that. */
function attach({ services, updates, validity, shadows }: Nucleus): () => void {
  const endings = [services.onPreUpdate(updates.ask), services.onPostUpdate(updates.tell)];
  if (services.mode === 'classic') shadows.start();
  return () => {
    for (const end of endings) end();
    shadows.stop();
    updates.end();
    validity.end();
  };
}
