import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { IotCoreShadows } from './iot-core-shadows.ts';

/** Nobody outside this machine can connect: there are no users and no TLS. */
const LOOPBACK = '127.0.0.1';
/** A device, its tools and its tests. */
const MAX_CONNECTIONS = 100;
/** A subscriber that takes nothing for so long is cut off: until then it holds up everybody. */
const DRAIN_TIMEOUT_MS = 5_000;
/** What IoT Core takes at most, with the topic. */
const MAX_PAYLOAD_BYTES = 131_072;

/** A stand-in for AWS IoT Core on this machine: an MQTT 3.1.1 broker in memory with the shadow service on its topics. */
export class IotCoreBroker {
  #running:
    | {
        readonly aedes: Aedes;
        readonly server: Server;
        readonly sockets: Set<Socket>;
        readonly shadows: IotCoreShadows;
      }
    | undefined;

  /** Listens; port 0 is any free one. Rejects when that fails. Resolves with the URL. */
  async start(port = 0): Promise<string> {
    if (this.#running !== undefined) throw new Error('the broker was started before');
    const aedes = await Aedes.createBroker({
      drainTimeout: DRAIN_TIMEOUT_MS,
      authorizePublish: (_client, { payload }, done) => {
        done(payload.length > MAX_PAYLOAD_BYTES ? new Error('longer than IoT Core takes') : null);
      },
    });
    // A client that misbehaves loses its connection, and that is all.
    aedes.on('clientError', () => {});
    aedes.on('connectionError', () => {});
    const server = createServer({ noDelay: true });
    server.maxConnections = MAX_CONNECTIONS;
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      aedes.handle(socket);
    });
    try {
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, LOOPBACK, resolve));
    } catch (error) {
      // Its clock would keep the process alive.
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
      throw error;
    }
    const address = server.address();
    const url = `mqtt://${LOOPBACK}:${typeof address === 'object' && address !== null ? address.port : port}`;
    const shadows = new IotCoreShadows(url);
    this.#running = { aedes, server, sockets, shadows };
    await shadows.start();
    return url;
  }

  /** Cuts every client off and frees the port. Idempotent. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    const { aedes, server, sockets, shadows } = running;
    await shadows.stop();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    await new Promise<void>((resolve) => aedes.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await closed;
  }
}
