import type { IConnackPacket, MqttClient } from 'mqtt';
import { fail, ok, type Result } from '../../domain/errors.ts';
import { isValidTopic } from '../../domain/topic-filter.ts';
import type { Outgoing } from '../../ports/bus.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';
import { sizeAcked } from './encode-publish.ts';
import { MAX_IN_FLIGHT, type MqttBusOptions } from './options.ts';

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

/**
 * A broker that acknowledges nothing for so long is as good as gone, though the connection stands: it would fill the
 * window, and alarms would wait behind it for ever. MQTT sends again on a new connection only (MQTT 5, 4.4).
 */
const ACK_DEADLINE_MS = 30_000;

export type PublisherNeeds = {
  readonly client: MqttClient;
  readonly version: 4 | 5;
  readonly limits: BrokerLimits;
  readonly clock: Clock;
  /** A message was not acknowledged in time: the connection has to end. */
  readonly onSilence: (error: Error) => void;
};

/** Publishes with QoS 1 over one connection, and counts what is on the way. */
export class AckedPublisher {
  readonly #needs: PublisherNeeds;
  /** One a message on the way, at most `limits.inFlight`. */
  readonly #onTheWay = new Map<(result: Result<void>) => void, Cancel>();
  #whenIdle: (() => void) | undefined;

  constructor(needs: PublisherNeeds) {
    this.#needs = needs;
  }

  get window(): number {
    return this.#needs.limits.inFlight - this.#onTheWay.size;
  }

  publish(message: Outgoing): Promise<Result<void>> {
    const refusal = this.#check(message);
    if (refusal !== undefined) return Promise.resolve(refusal);
    const { client, clock, onSilence } = this.#needs;
    return new Promise((resolve) => {
      const silent = () => onSilence(new Error(`it acknowledged nothing for ${ACK_DEADLINE_MS / 1000} s`));
      this.#onTheWay.set(resolve, clock.after(ACK_DEADLINE_MS, silent));
      client.publish(message.topic, asMqttJs(message.payload), this.#optionsOf(message), (error) => {
        const rejected = error && fail('E_BUS_REJECTED', `${error.message} (topic ${message.topic})`, error);
        this.#settle(resolve, rejected ?? ok(undefined));
      });
    });
  }

  /** Settles what is on the way. mqtt.js does not send it again: its store goes with the connection. */
  end(): void {
    for (const resolve of this.#onTheWay.keys()) {
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
    if (this.window <= 0) return fail('E_BUS_BUSY', `${this.#needs.limits.inFlight} are on the way`);
    if (!this.#needs.limits.acked) return fail('E_BUS_REJECTED', `it takes QoS 0 only (topic ${topic})`);
    if (message.retain && !this.#needs.limits.retain)
      return fail('E_BUS_REJECTED', `it retains nothing (topic ${topic})`);
    const size = sizeAcked(message, this.#needs.version);
    if (size <= this.#needs.limits.packetBytes) return undefined;
    return fail('E_BUS_REJECTED', `${size} bytes are more than its ${this.#needs.limits.packetBytes} (topic ${topic})`);
  }

  #optionsOf(message: Outgoing) {
    const options = { qos: 1 as const, retain: message.retain ?? false };
    if (this.#needs.version === 4 || message.correlationData === undefined) return options;
    return { ...options, properties: { correlationData: Buffer.from(message.correlationData) } };
  }

  #settle(resolve: (result: Result<void>) => void, result: Result<void>): void {
    const cancel = this.#onTheWay.get(resolve);
    if (cancel === undefined) return;
    cancel();
    this.#onTheWay.delete(resolve);
    resolve(result);
    if (this.#onTheWay.size === 0) this.#whenIdle?.();
  }
}

function asMqttJs(payload: Uint8Array | string): Buffer | string {
  return typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}
