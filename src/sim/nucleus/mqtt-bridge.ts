import { randomUUID } from 'node:crypto';
import { connectAsync, type MqttClient } from 'mqtt';
import { endClient } from './end-client.ts';
import type { LocalMessage, PubSub } from './pubsub.ts';

/** The component of Greengrass that this stands for. */
const NAME = 'aws.greengrass.clientdevices.mqtt.Bridge';
const CONNECT_DEADLINE_MS = 5_000;
/** With more waiting for the broker, messages are dropped: the real bridge keeps a bounded queue, too. */
const MAX_PENDING = 1_024;

export type MqttBridgeOptions = {
  readonly broker: string;
  readonly pubsub: PubSub;
  /** Filters of what is carried from the broker to the local pub/sub. */
  readonly inwards: readonly string[];
  /** The other way. A topic that both match would go round and round: see bridgeLoop. */
  readonly outwards: readonly string[];
};

/** Carries messages between an MQTT broker and the local pub/sub of a simulated nucleus, as the MQTT bridge component does. */
export class MqttBridge {
  readonly #options: MqttBridgeOptions;
  #client: MqttClient | undefined;
  #cancel: (() => void)[] = [];
  #pending = 0;
  /** Messages that the broker was too slow for, or that came while it was away. */
  dropped = 0;

  constructor(options: MqttBridgeOptions) {
    this.#options = options;
  }

  /** Connects to the broker; rejects when there is none. */
  async start(): Promise<void> {
    const { broker, pubsub, inwards, outwards } = this.#options;
    const options = {
      protocolVersion: 4,
      clientId: `bridge-${randomUUID()}`,
      connectTimeout: CONNECT_DEADLINE_MS,
    } as const;
    const client = await connectAsync(broker, options, false);
    this.#client = client;
    client.on('message', (topic, payload) => pubsub.publish(NAME, topic, binary(payload)));
    client.on('error', () => {}); // it reconnects by itself
    if (inwards.length > 0) await client.subscribeAsync([...inwards], { qos: 1 });
    const deliver = (topic: string, message: LocalMessage) => this.#outwards(topic, message);
    this.#cancel = outwards.map((filter) =>
      pubsub.subscribe({ filter, component: NAME, receiveMode: 'RECEIVE_MESSAGES_FROM_OTHERS', deliver }),
    );
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    for (const cancel of this.#cancel.splice(0)) cancel();
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) await endClient(client);
  }

  #outwards(topic: string, message: LocalMessage): void {
    const client = this.#client;
    if (client === undefined || !client.connected || this.#pending >= MAX_PENDING) {
      this.dropped++;
      return;
    }
    this.#pending++;
    client.publish(topic, payloadOf(message), { qos: 1 }, () => {
      this.#pending--;
    });
  }
}

/** Finds two filters by which a message would come back to where it came from, for ever. */
export function bridgeLoop(
  inwards: readonly string[],
  outwards: readonly string[],
): { readonly inwards: string; readonly outwards: string } | undefined {
  for (const one of inwards) {
    const other = outwards.find((filter) => haveTopicInCommon(one, filter));
    if (other !== undefined) return { inwards: one, outwards: other };
  }
  return undefined;
}

function haveTopicInCommon(one: string, other: string): boolean {
  const [left, right] = [one.split('/'), other.split('/')];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [a, b] = [left[index], right[index]];
    // `a/#` matches `a` as well.
    if (a === '#' || b === '#') return true;
    if (a === undefined || b === undefined) return false;
    if (a !== '+' && b !== '+' && a !== b) return false;
  }
  return true;
}

function binary(payload: Buffer): LocalMessage {
  return { kind: 'binary', base64: payload.toString('base64') };
}

function payloadOf(message: LocalMessage): Buffer {
  return message.kind === 'binary'
    ? Buffer.from(message.base64, 'base64')
    : Buffer.from(JSON.stringify(message.message));
}
