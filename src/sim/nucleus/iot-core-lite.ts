import type { IotCore, IotMessage, IotRefusal } from './iot-core.ts';
import { IotCoreLink, nucleusClientId } from './iot-core-link.ts';

/** IOTCORED_MAX_SUBSCRIPTIONS */
const MAX_SUBSCRIPTIONS = 128;
/** AWS_IOT_MAX_TOPIC_SIZE */
const MAX_FILTER_BYTES = 256;
/** IOTCORED_NETWORK_BUFFER_SIZE: a longer packet from the cloud is dropped. */
const MAX_INBOUND_BYTES = 5_000;
/** IOTCORED_MQTT_MAX_PUBLISH_RECORDS: so many messages may wait for their acknowledgement… */
const MAX_UNACKED = 10;
/** …and so many bytes of them (IOTCORED_UNACKED_PACKET_BUFFER_SIZE). */
const MAX_UNACKED_BYTES = 15_000;
/** Fixed header, length of the topic, packet id. */
const PACKET_OVERHEAD_BYTES = 9;

/** IoT Core as nucleus lite has it: no spooler. What cannot be sent now is refused. */
export class LiteIotCore implements IotCore {
  readonly #link: IotCoreLink;
  #subscriptions = 0;
  #unacked = 0;
  #unackedBytes = 0;

  constructor(url: string | undefined, thing: string) {
    this.#link = new IotCoreLink({ url, clientId: nucleusClientId(thing), clean: true });
  }

  get online(): boolean {
    return this.#link.online;
  }

  start(): void {
    this.#link.start();
  }

  stop(): Promise<void> {
    return this.#link.stop();
  }

  publish(message: IotMessage): IotRefusal | undefined {
    if (!this.online) return { reason: 'not connected' };
    const bytes = packetBytes(message);
    if (message.qos > 0) {
      if (this.#unacked >= MAX_UNACKED || this.#unackedBytes + bytes > MAX_UNACKED_BYTES) {
        return { reason: 'too much is unacknowledged' };
      }
      this.#unacked++;
      this.#unackedBytes += bytes;
    }
    this.#link.send(message, () => {
      if (message.qos === 0) return;
      this.#unacked--;
      this.#unackedBytes -= bytes;
    });
    return undefined;
  }

  async subscribe(
    filter: string,
    qos: 0 | 1 | 2,
    deliver: (message: IotMessage) => void,
  ): Promise<IotRefusal | (() => void)> {
    if (!this.online) return { reason: 'not connected' };
    const bytes = Buffer.byteLength(filter);
    if (bytes === 0 || bytes > MAX_FILTER_BYTES || this.#subscriptions >= MAX_SUBSCRIPTIONS) {
      return { reason: 'no such subscription' };
    }
    this.#subscriptions++;
    const subscription = {
      filter,
      qos,
      deliver: (message: IotMessage) => {
        if (packetBytes(message) <= MAX_INBOUND_BYTES) deliver(message);
      },
    };
    // What the broker answers only reaches the real one's log.
    await this.#link.subscribe(subscription);
    return () => {
      this.#subscriptions--;
      this.#link.unsubscribe(subscription);
    };
  }
}

function packetBytes({ topic, payload }: IotMessage): number {
  return Buffer.byteLength(topic) + payload.length + PACKET_OVERHEAD_BYTES;
}
