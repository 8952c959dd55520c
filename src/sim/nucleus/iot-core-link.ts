import mqtt, { type MqttClient } from 'mqtt';
import { matchesFilter } from '../../domain/topic-filter.ts';
import { endClient } from './end-client.ts';
import type { IotMessage } from './iot-core.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** The broker stands beside the simulator: no need for backoff. */
const RECONNECT_MS = 250;

type Subscription = {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
  readonly deliver: (message: IotMessage) => void;
};

export type IotCoreLinkOptions = {
  /** Undefined: there is no broker, and it stays offline. */
  readonly url: string | undefined;
  readonly clientId: string;
  /** The broker forgets the client when its connection ends. */
  readonly clean: boolean;
};

/**
 * The MQTT client id of a thing's nucleus. The real ones use the thing's name itself; here the broker may well be the one
 * that the agent speaks to under that name, and two clients of one name throw each other out.
 */
export function nucleusClientId(thing: string): string {
  return `nucleus-${thing}`;
}

/** One MQTT connection that stands for AWS IoT Core: reconnects by itself and brings its subscriptions back. */
export class IotCoreLink {
  readonly #options: IotCoreLinkOptions;
  readonly #subscriptions = new Set<Subscription>();
  readonly #watchers = new Set<(online: boolean) => void>();
  #client: MqttClient | undefined;

  constructor(options: IotCoreLinkOptions) {
    this.#options = options;
  }

  get online(): boolean {
    return this.#client?.connected ?? false;
  }

  start(): void {
    const { url, clientId, clean } = this.#options;
    if (url === undefined) return;
    const client = mqtt.connect(url, {
      // aedes speaks no MQTT 5.
      protocolVersion: 4,
      clientId,
      clean,
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      queueQoSZero: false,
      resubscribe: false,
    });
    this.#client = client;
    // `close` follows, and it tries again.
    client.on('error', () => {});
    client.on('connect', () => {
      noDelay(client);
      for (const filter of this.#filters()) client.subscribe(filter, { qos: this.#qosOf(filter) }, () => {});
      this.#tell(true);
    });
    client.on('close', () => this.#tell(false));
    client.on('message', (topic, payload, { qos, retain }) => this.#dispatch({ topic, payload, qos, retain }));
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await endClient(client);
  }

  /** Calls `done` once the broker has it, with QoS 0 once it is written; with false when it was given up. */
  send({ topic, payload, qos, retain }: IotMessage, done: (taken: boolean) => void): void {
    if (this.#client === undefined || !this.online) done(false);
    else this.#client.publish(topic, Buffer.from(payload), { qos, retain }, (error) => done(!error));
  }

  /** Asks the broker. `lost`: there is no connection, or it went meanwhile; the subscription comes with the next one. */
  async subscribe(subscription: Subscription): Promise<'taken' | 'refused' | 'lost'> {
    this.#subscriptions.add(subscription);
    if (this.#client === undefined || !this.online) return 'lost';
    try {
      await this.#client.subscribeAsync(subscription.filter, { qos: subscription.qos });
      return 'taken';
    } catch {
      // A filter that the broker, or mqtt.js itself, does not take; unless the connection is to blame.
      return this.online ? 'refused' : 'lost';
    }
  }

  unsubscribe(subscription: Subscription): void {
    if (!this.#subscriptions.delete(subscription)) return;
    if (this.online && !this.#filters().has(subscription.filter)) {
      this.#client?.unsubscribe(subscription.filter, () => {});
    }
  }

  /** Tells each change. Returns a function that ends the listening. */
  onChange(watcher: (online: boolean) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #dispatch(message: IotMessage): void {
    for (const { filter, deliver } of [...this.#subscriptions]) {
      if (matchesFilter(filter, message.topic)) deliver(message);
    }
  }

  #filters(): ReadonlySet<string> {
    return new Set([...this.#subscriptions].map(({ filter }) => filter));
  }

  #qosOf(filter: string): 0 | 1 | 2 {
    const asked = new Set([...this.#subscriptions].filter((one) => one.filter === filter).map(({ qos }) => qos));
    return asked.has(2) ? 2 : asked.has(1) ? 1 : 0;
  }

  #tell(online: boolean): void {
    for (const watcher of [...this.#watchers]) watcher(online);
  }
}

/** Without it, small messages wait for the acknowledgement of the one before (Nagle). */
function noDelay({ stream }: MqttClient): void {
  if ('setNoDelay' in stream && typeof stream.setNoDelay === 'function') stream.setNoDelay(true);
}
