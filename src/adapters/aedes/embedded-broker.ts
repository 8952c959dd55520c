import { createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AedesOptions } from 'aedes';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { Log } from '../../ports/log.ts';
import { PacketLimit } from './packet-limit.ts';

/** Messages that the broker has on the way to subscribers at once; beyond it, publishers wait. */
const CONCURRENCY = 200;
/** Packets that a client may send before it is accepted. */
const QUEUE_LIMIT = 42;
/** A subscriber that takes nothing for so long is cut off: until then it holds up everybody. */
const DRAIN_TIMEOUT_MS = 5_000;
/** Half-open QoS 2 handshakes a client. */
const MAX_INFLIGHT_INBOUND = 100;
/** One device's worth of sensors, agents and tools. */
const MAX_CONNECTIONS = 1_000;
/** Topics with a retained message, in memory; further ones are published, but not retained. */
const MAX_RETAINED_TOPICS = 10_000;
/** As much as the bus takes. */
const MAX_PACKET_BYTES = 1_048_576;
/** Nobody outside this device can connect. */
const LOOPBACK = '127.0.0.1';

export type EmbeddedBrokerOptions = {
  /** 0: any free port. */
  readonly port: number;
  readonly log: Log;
};

/**
 * An MQTT 3.1.1 broker inside this process: for a device without one, the demo and the tests. It keeps everything in
 * memory and nothing for clients that are away: each session is clean, whatever the client asks for, as aedes would
 * queue without bound for it. It has no users and no TLS: it is for loopback.
 */
export class EmbeddedBroker {
  readonly #options: EmbeddedBrokerOptions;
  #running: { readonly aedes: Aedes; readonly server: Server; readonly sockets: Set<Socket> } | undefined;

  constructor(options: EmbeddedBrokerOptions) {
    this.#options = options;
  }

  async start(): Promise<Result<{ readonly url: string; readonly port: number }>> {
    if (this.#running !== undefined) throw new Error('the broker was started before');
    const { log } = this.#options;
    const server = createServer({ noDelay: true });
    server.maxConnections = MAX_CONNECTIONS;
    const listening = await listen(server, this.#options.port);
    if (!listening.ok) return listening;

    const aedes = await Aedes.createBroker({
      concurrency: CONCURRENCY,
      queueLimit: QUEUE_LIMIT,
      drainTimeout: DRAIN_TIMEOUT_MS,
      maxInflightInbound: MAX_INFLIGHT_INBOUND,
      preConnect: (_client, packet, done) => {
        packet.clean = true;
        done(null, true);
      },
      authorizePublish: boundedRetain(),
    });
    aedes.on('clientError', (client, error) => log.warn({ client: client.id, err: error }, 'client error'));
    aedes.on('connectionError', (_client, error) => log.warn({ err: error }, 'connection error'));
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      aedes.handle(socket);
      // After `handle`: aedes reads at its own pace, and this only looks on.
      const limit = new PacketLimit(MAX_PACKET_BYTES);
      socket.on('data', (chunk) => {
        if (!limit.exceededBy(chunk)) return;
        log.warn({ maxPacketBytes: MAX_PACKET_BYTES }, 'client cut off: its packet is too large');
        socket.destroy();
      });
    });
    this.#running = { aedes, server, sockets };
    const port = listening.value;
    return ok({ url: `mqtt://${LOOPBACK}:${port}`, port });
  }

  /** Cuts every client off and frees the port. Idempotent. */
  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    const closed = new Promise<void>((resolve) => running.server.close(() => resolve()));
    await new Promise<void>((resolve) => running.aedes.close(resolve));
    for (const socket of running.sockets) socket.destroy();
    await closed;
  }
}

/** Resolves with the port, or with why there is none. */
function listen(server: Server, port: number): Promise<Result<number>> {
  return new Promise((resolve) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const where = `${LOOPBACK}:${port}: ${cause.message}`;
      resolve(fail(cause.code === 'EADDRINUSE' ? 'E_PORT_IN_USE' : 'E_BROKER_START', where, cause));
    });
    server.listen(port, LOOPBACK, () => {
      const address = server.address();
      resolve(ok(address === null || typeof address === 'string' ? port : address.port));
    });
  });
}

/** Takes the retain flag off a message whose topic would be one too many. An empty payload frees its topic. */
function boundedRetain(): NonNullable<AedesOptions['authorizePublish']> {
  const retained = new Set<string>();
  return (_client, packet, done) => {
    if (packet.topic.startsWith('$SYS/')) return done(new Error('$SYS topics belong to the broker'));
    if (packet.retain) {
      if (packet.payload.length === 0) retained.delete(packet.topic);
      else if (retained.has(packet.topic) || retained.size < MAX_RETAINED_TOPICS) retained.add(packet.topic);
      else packet.retain = false;
    }
    done(null);
  };
}
