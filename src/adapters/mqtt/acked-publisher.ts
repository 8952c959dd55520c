import type { IConnackPacket, MqttClient } from 'mqtt';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { Outgoing } from '../../ports/bus.ts';
import { sizeAcked } from './encode-publish.ts';
import { MAX_IN_FLIGHT, type MqttBusOptions } from './options.ts';
import { isValidTopic } from './topic-filter.ts';

/** What the broker takes, from its CONNACK (MQTT 5, 3.2.2.3); MQTT 3.1.1 does not say. */
export type BrokerLimits = {
  readonly inFlight: number;
  readonly packetBytes: number;
  readonly acked: boolean;
  readonly retain: boolean;
};

export function limitsOf(connack: IConnackPacket, options: MqttBusOptions): BrokerLimits {
  const own = options.maxInFlight ?? MAX_IN_FLIGHT;
  const given = options.version === 5 ? connack.properties : undefined;
  return {
    inFlight: Math.min(own, given?.receiveMaximum ?? own),
    packetBytes: given?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    acked: given?.maximumQoS !== 0,
    retain: given?.retainAvailable !== false,
  };
}

/** Publishes with QoS 1 over one connection, and counts what is on the way. */
export class AckedPublisher {
  readonly #client: MqttClient;
  readonly #version: 4 | 5;
  readonly #limits: BrokerLimits;
  /** One a message on the way, at most `limits.inFlight`. */
  readonly #onTheWay = new Set<(result: Result<void>) => void>();
  #whenIdle: (() => void) | undefined;

  constructor(client: MqttClient, version: 4 | 5, limits: BrokerLimits) {
    this.#client = client;
    this.#version = version;
    this.#limits = limits;
  }

  get window(): number {
    return this.#limits.inFlight - this.#onTheWay.size;
  }

  publish(message: Outgoing): Promise<Result<void>> {
    const refusal = this.#check(message);
    if (refusal !== undefined) return Promise.resolve(refusal);
    return new Promise((resolve) => {
      this.#onTheWay.add(resolve);
      this.#client.publish(message.topic, asMqttJs(message.payload), this.#optionsOf(message), (error) => {
        const rejected = error && fail('E_BUS_REJECTED', `${error.message} (topic ${message.topic})`, error);
        this.#settle(resolve, rejected ?? ok(undefined));
      });
    });
  }

  /** Settles what is on the way. mqtt.js does not send it again: its store goes with the connection. */
  end(): void {
    for (const resolve of this.#onTheWay) {
      this.#settle(resolve, fail('E_BUS_OFFLINE', 'the connection ended before the broker acknowledged'));
    }
  }

  /** Resolves when nothing is on the way. */
  idle(): Promise<void> {
    if (this.#onTheWay.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  #check(message: Outgoing): Result<void> | undefined {
    const { topic } = message;
    if (!isValidTopic(topic)) return fail('E_TOPIC_INVALID', JSON.stringify(topic));
    if (this.window <= 0) return fail('E_BUS_BUSY', `${this.#limits.inFlight} are on the way`);
    if (!this.#limits.acked) return fail('E_BUS_REJECTED', `it takes QoS 0 only (topic ${topic})`);
    if (message.retain && !this.#limits.retain) return fail('E_BUS_REJECTED', `it retains nothing (topic ${topic})`);
    const size = sizeAcked(message, this.#version);
    if (size <= this.#limits.packetBytes) return undefined;
    return fail('E_BUS_REJECTED', `${size} bytes are more than its ${this.#limits.packetBytes} (topic ${topic})`);
  }

  #optionsOf(message: Outgoing) {
    const options = { qos: 1 as const, retain: message.retain ?? false };
    if (this.#version === 4 || message.correlationData === undefined) return options;
    return { ...options, properties: { correlationData: Buffer.from(message.correlationData) } };
  }

  #settle(resolve: (result: Result<void>) => void, result: Result<void>): void {
    if (!this.#onTheWay.delete(resolve)) return;
    resolve(result);
    if (this.#onTheWay.size === 0) this.#whenIdle?.();
  }
}

function asMqttJs(payload: Uint8Array | string): Buffer | string {
  return typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}
