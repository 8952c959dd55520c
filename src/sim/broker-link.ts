import { randomUUID } from 'node:crypto';
import mqtt, { type MqttClient } from 'mqtt';
import { fail, ok, type Result } from '../domain/errors.ts';
import type { Time } from './pace.ts';

/** Messages the broker has not taken yet: with more, the sender waits, so that memory stays bounded. */
const MAX_PENDING = 256;
/** How often a full pipe is looked at again. */
const PENDING_POLL_MS = 1;
const CONNECT_TIMEOUT_MS = 5_000;
/** A simulator stands beside its broker: no need for backoff. */
const RECONNECT_MS = 250;

/** A publisher's connection to a broker: reconnects by itself, keeps nothing while offline, holds back when choked. */
export class BrokerLink {
  readonly #url: string;
  readonly #time: Time;
  #client: MqttClient | undefined;
  /** Counts connections, so that a callback of an old one does not count for the new one. */
  #connection = 0;
  #pending = 0;
  #delivered = 0;

  constructor(url: string, time: Time) {
    this.#url = url;
    this.#time = time;
  }

  /** QoS 1: messages the broker has acknowledged. QoS 0: written to the socket. */
  get delivered(): number {
    return this.#delivered;
  }

  /** Connects; gives up after some seconds, or when the signal is aborted, with the last reason. Call once. */
  async start(signal: AbortSignal): Promise<Result<void>> {
    const client = mqtt.connect(this.#url, {
      // aedes speaks no MQTT 5.
      protocolVersion: 4,
      clientId: `openclaw-sim-${randomUUID().slice(0, 8)}`,
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      queueQoSZero: false,
    });
    this.#client = client;
    let lastError: Error | undefined;
    client.on('error', (error) => {
      lastError = error;
    });
    client.on('connect', () => noDelay(client));
    client.on('close', () => {
      this.#connection++;
      this.#pending = 0;
    });

    const deadline = AbortSignal.any([signal, AbortSignal.timeout(CONNECT_TIMEOUT_MS)]);
    const connected = await new Promise<boolean>((resolve) => {
      client.once('connect', () => resolve(true));
      deadline.addEventListener('abort', () => resolve(client.connected), { once: true });
      if (deadline.aborted) resolve(false);
    });
    if (connected) return ok(undefined);
    await this.stop(0);
    return fail('E_BUS_UNREACHABLE', lastError?.message || 'no answer', lastError);
  }

  /** Waits while the pipe is full; it is empty again after a lost connection. */
  async room(signal: AbortSignal): Promise<void> {
    while (this.#pending >= MAX_PENDING && !signal.aborted) await this.#time.sleep(PENDING_POLL_MS);
  }

  /** Hands a message to the broker. False while there is no connection: nothing was sent. */
  publish(topic: string, payload: Uint8Array | string, qos: 0 | 1): boolean {
    const client = this.#client;
    if (client === undefined || !client.connected) return false;
    const connection = this.#connection;
    this.#pending++;
    client.publish(topic, typeof payload === 'string' ? payload : Buffer.from(payload), { qos }, (error) => {
      if (!error) this.#delivered++;
      if (connection === this.#connection) this.#pending--;
    });
    return true;
  }

  /** Waits for acknowledgements until the deadline, and closes the connection. Idempotent. */
  async stop(deadlineMs: number): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    const closed = new AbortController();
    const late = this.#time.sleep(deadlineMs, closed.signal).catch(() => {});
    if (client.connected) await Promise.race([client.endAsync(), late]);
    closed.abort();
    client.end(true);
  }
}

/** Without it, small messages wait for the acknowledgement of the one before (Nagle). */
function noDelay(client: MqttClient): void {
  const { stream } = client;
  if ('setNoDelay' in stream && typeof stream.setNoDelay === 'function') stream.setNoDelay(true);
}
