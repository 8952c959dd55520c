import { once } from 'node:events';
import type { IotCore, IotMessage, IotRefusal } from './iot-core.ts';
import { IotCoreLink, nucleusClientId } from './iot-core-link.ts';
import { topicProblem } from './iot-core-topic.ts';

/** maxMessageSizeInBytes of its MQTT configuration. */
const MAX_PAYLOAD_BYTES = 131_072;
/** Its spooler, in memory: 2.5 MB of payload. */
const SPOOL_BYTES = 2_621_440;
/** maxInFlightPublishes */
const MAX_IN_FLIGHT = 5;
/** maxPublishRetry: so often a message is sent again before it is given up. */
const MAX_RETRIES = 100;

type Spooled = { readonly message: IotMessage; retries: number };

/** IoT Core as the classic nucleus has it: everything goes through a bounded spooler in memory, which waits for the connection. */
export class ClassicIotCore implements IotCore {
  readonly #link: IotCoreLink;
  #spool: Spooled[] = [];
  #spooledBytes = 0;
  #inFlight = 0;

  constructor(url: string | undefined, thing: string) {
    this.#link = new IotCoreLink({ url, clientId: nucleusClientId(thing), clean: false });
    this.#link.onChange((online) => (online ? this.#drain() : this.#dropQos0()));
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
    const size = message.payload.length;
    if (size > MAX_PAYLOAD_BYTES) {
      const what = `The publishing message size ${size} bytes exceeds the configured limit of ${MAX_PAYLOAD_BYTES} bytes`;
      return { reason: what };
    }
    const problem = topicProblem(message.topic, 'publish');
    if (problem !== undefined) return { reason: problem };
    if (!this.online && message.qos === 0) return { reason: 'Device is offline. Dropping QoS 0 message.' };
    if (this.#spooledBytes + size > SPOOL_BYTES) this.#dropQos0(size);
    if (this.#spooledBytes + size > SPOOL_BYTES) {
      return { reason: 'Message spool is full. Message could not be added.' };
    }
    this.#spool.push({ message, retries: 0 });
    this.#spooledBytes += size;
    this.#drain();
    return undefined;
  }

  /** Waits for the connection, however long that takes: the real one does not give up, either. */
  async subscribe(
    filter: string,
    qos: 0 | 1 | 2,
    deliver: (message: IotMessage) => void,
    signal: AbortSignal,
  ): Promise<IotRefusal | (() => void)> {
    const problem = topicProblem(filter, 'subscribe');
    if (problem !== undefined) return { reason: problem };
    const subscription = { filter, qos, deliver };
    const end = () => this.#link.unsubscribe(subscription);
    while (!signal.aborted) {
      const outcome = await this.#link.subscribe(subscription);
      if (outcome === 'taken') return end;
      if (outcome === 'refused') {
        end();
        return { reason: 'UNSPECIFIED_ERROR' };
      }
      await this.#connected(signal);
    }
    end();
    return { reason: 'cancelled' };
  }

  #drain(): void {
    while (this.online && this.#inFlight < MAX_IN_FLIGHT) {
      const next = this.#spool.shift();
      if (next === undefined) return;
      this.#inFlight++;
      this.#link.send(next.message, (taken) => this.#settle(next, taken));
    }
  }

  #settle(spooled: Spooled, taken: boolean): void {
    this.#inFlight--;
    if (taken || spooled.message.qos === 0 || ++spooled.retries > MAX_RETRIES) {
      this.#spooledBytes -= spooled.message.payload.length;
    } else {
      this.#spool.unshift(spooled);
    }
    this.#drain();
  }

  /** Makes room, or takes out what is not kept while the connection is away; the oldest go first. */
  #dropQos0(room = Number.POSITIVE_INFINITY): void {
    this.#spool = this.#spool.filter(({ message }) => {
      const drops = message.qos === 0 && this.#spooledBytes + room > SPOOL_BYTES;
      if (drops) this.#spooledBytes -= message.payload.length;
      return !drops;
    });
  }

  async #connected(signal: AbortSignal): Promise<void> {
    if (this.online) return;
    const changed = new EventTarget();
    const stop = this.#link.onChange((online) => online && changed.dispatchEvent(new Event('online')));
    await once(changed, 'online', { signal }).catch(() => {});
    stop();
  }
}
