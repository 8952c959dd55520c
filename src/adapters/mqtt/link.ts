import type { Socket } from 'node:net';
import { type IConnackPacket, MqttClient } from 'mqtt';
import type { Failure } from '../../domain/errors.ts';
import { clientOptions } from './client-options.ts';
import { ControlStream } from './control-stream.ts';
import { describeEnd, type Stage } from './error-map.ts';
import { Inbound } from './inbound.ts';
import { MAX_PACKET_BYTES, type MqttBusOptions } from './options.ts';
import type { TopicRouter } from './topic-router.ts';

/** DISCONNECT, the same in both versions (MQTT 5, 3.14.2.1: without a reason it is the normal one). */
const DISCONNECT = Buffer.from([0xe0, 0x00]);

/**
 * One connection to the broker: a socket, mqtt.js for everything but messages that come in or go out with QoS 0, and the
 * reason why it ended. It is never used again: with it go the packet ids, the store and the queue of its mqtt.js client,
 * so that nothing is sent twice behind the outbox's back.
 */
export class Link {
  readonly client: MqttClient;
  /** The broker's yes; undefined: the connection ended before it. Nothing comes in before `admit`. */
  readonly accepted: Promise<IConnackPacket | undefined>;
  /** Why it ended. Nothing of the connection is left then. */
  readonly ended: Promise<Failure>;
  readonly #socket: Socket;
  readonly #stream: ControlStream;
  readonly #inbound: Inbound;
  #stage: Stage = 'connecting';
  #error: Error | undefined;
  #live = true;

  constructor(socket: Socket, options: MqttBusOptions, router: TopicRouter) {
    this.#socket = socket;
    this.#stream = new ControlStream(socket);
    this.client = new MqttClient(() => this.#stream, clientOptions(options));
    this.#inbound = new Inbound({
      version: options.version,
      maxPacketBytes: options.maxPacketBytes ?? MAX_PACKET_BYTES,
      router,
      log: options.log,
      host: {
        control: (packet) => this.#stream.push(packet),
        send: (packets) => this.write(packets),
        pause: () => socket.pause(),
        resume: () => socket.resume(),
        broken: (error) => this.cut(error),
      },
    });
    const { promise, resolve } = Promise.withResolvers<IConnackPacket | undefined>();
    this.accepted = promise;
    this.ended = new Promise((end) => {
      socket.once('close', () => {
        this.#clean();
        resolve(undefined);
        end(this.#describe(options));
      });
    });
    this.client.once('connect', (connack) => {
      this.#stage = 'online';
      resolve(connack);
    });
    this.#listen(options.url.startsWith('mqtts:'));
  }

  open(): void {
    this.client.connect();
  }

  /** Lets messages through to their handlers. */
  admit(): void {
    this.#inbound.admit();
  }

  get live(): boolean {
    return this.#live;
  }

  /** Bytes that wait for the network. */
  get waitingBytes(): number {
    return this.#stream.waitingBytes;
  }

  write(packets: Buffer): void {
    if (this.#live) this.#stream.write(packets);
  }

  /** Ends the connection in order; `ended` tells when the broker has closed it too. */
  disconnect(): void {
    if (this.#stage !== 'online') this.cut();
    if (!this.#live) return;
    this.#live = false;
    this.#inbound.end();
    this.#stream.end(DISCONNECT);
  }

  /** Ends the connection at once. The first reason that is given stays. */
  cut(error?: Error): void {
    this.#error ??= error;
    this.#live = false;
    this.#inbound.end();
    this.#socket.destroy();
  }

  #listen(tls: boolean): void {
    const socket = this.#socket;
    socket.once('connect', () => {
      this.#stage = tls ? 'handshake' : 'connack';
    });
    socket.once('secureConnect', () => {
      this.#stage = 'connack';
    });
    socket.on('data', (chunk: Buffer) => this.#inbound.receive(chunk));
    socket.on('error', (error) => this.cut(error));
    this.client.on('error', (error) => this.cut(error));
    this.client.on('disconnect', ({ reasonCode }) => {
      this.#error ??= Object.assign(new Error(`it said DISCONNECT, reason ${reasonCode}`), { code: reasonCode });
    });
  }

  /** Ends what is still there of the client, so that it keeps no timer. */
  #clean(): void {
    this.#live = false;
    this.#inbound.end();
    this.#stream.destroy();
  }

  #describe(options: MqttBusOptions): Failure {
    return describeEnd({
      stage: this.#stage,
      error: this.#error,
      tls: options.url.startsWith('mqtts:'),
      clientCertificate: options.tls?.cert !== undefined,
    });
  }
}
