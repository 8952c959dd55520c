import { randomUUID } from 'node:crypto';
import mqtt, { type MqttClient } from 'mqtt';
import { endClient } from './end-client.ts';
import { readShadowTopic, ShadowService } from './shadow-service.ts';

const RECONNECT_MS = 250;
const CONNECT_TIMEOUT_MS = 5_000;
/** Answers that the broker has not taken yet; with more, requests go unanswered. */
const MAX_PENDING = 1_000;
const REQUESTS = ['get', 'update', 'delete'].flatMap((verb) => [
  `$aws/things/+/shadow/${verb}`,
  `$aws/things/+/shadow/name/+/${verb}`,
]);

/** The shadow service of AWS IoT, on the topics of a broker that stands for it. It keeps shadows in memory. */
export class IotCoreShadows {
  readonly #url: string;
  readonly service: ShadowService;
  #client: MqttClient | undefined;
  #pending = 0;

  constructor(url: string) {
    this.#url = url;
    this.service = new ShadowService({ now: Date.now, say: (topic, body) => this.#say(topic, JSON.stringify(body)) });
  }

  /** Resolves once it listens; reconnects by itself afterwards. Rejects when there is no broker. */
  async start(): Promise<void> {
    const client = await mqtt.connectAsync(this.#url, {
      protocolVersion: 4,
      clientId: `shadows-${randomUUID().slice(0, 8)}`,
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      queueQoSZero: false,
    });
    this.#client = client;
    client.on('error', () => {});
    client.on('message', (topic, payload) => {
      const request = readShadowTopic(topic);
      if (request !== undefined) this.service.handle(request.verb, request.key, payload);
    });
    await client.subscribeAsync(REQUESTS, { qos: 1 });
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await endClient(client);
  }

  #say(topic: string, body: string): void {
    if (this.#client === undefined || this.#pending >= MAX_PENDING) return;
    this.#pending++;
    this.#client.publish(topic, body, { qos: 1 }, () => {
      this.#pending--;
    });
  }
}
