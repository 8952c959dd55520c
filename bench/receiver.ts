import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { build } from 'hdr-histogram-js';
import { openMqtt, PROTOCOL_VERSION, subscribe } from './mqtt-socket.ts';
import { ANSWER_TOPIC, inputTopic, keyOf, payloadMaker, publishPacket } from './payloads.ts';
import { dueMs, indexOf, type Schedule, SENSORS } from './schedule.ts';
import { PACKET, PacketScanner, packetType, payloadStart } from './wire.ts';

/** A sensor of its own, so that a late answer to a probe is taken for no other. */
const PROBE = SENSORS;
const PROBE_EVERY_MS = 20;

/** What the benchmarks read of an answer. */
type Answer = {
  readonly time: string;
  readonly data: { readonly key: string; readonly model: { readonly version: string } };
};

export type Latencies = {
  percentileUs(percentile: number): number;
  /** Messages without an answer so far. */
  readonly lost: number;
};

/** Listens to the answers, and tells how late each was by the schedule of its message. */
export class Receiver {
  readonly #socket: Socket;
  readonly #scanner = new PacketScanner();
  #onAnswer: (answer: Answer, arrivedNs: bigint) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => {
      const arrivedNs = process.hrtime.bigint();
      this.#scanner.feed(chunk, (buffer, start, body, end) => {
        if (packetType(buffer, start) !== PACKET.publish) return;
        const payload = buffer.toString('utf8', payloadStart(buffer, body, PROTOCOL_VERSION), end);
        this.#onAnswer(JSON.parse(payload), arrivedNs);
      });
    });
  }

  static async open(port: number): Promise<Receiver> {
    const socket = await openMqtt(port, 'bench-receiver');
    await subscribe(socket, ANSWER_TOPIC);
    return new Receiver(socket);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Asks until the first answer comes: then the agent is connected and its model is loaded. */
  async untilAnswering(): Promise<void> {
    const payload = payloadMaker('json');
    let answering = false;
    this.#onAnswer = () => {
      answering = true;
    };
    while (!answering) {
      this.#socket.write(publishPacket(inputTopic(PROBE), payload(keyOf(PROBE), Date.now()), PROTOCOL_VERSION));
      await sleep(PROBE_EVERY_MS);
    }
  }

  /** Tells each answer to a message of this schedule, and which version of the model made it. */
  watch(schedule: Schedule, onAnswer: (index: number, arrivedNs: bigint, version: string) => void): void {
    const sensors = new Map(Array.from({ length: SENSORS }, (_, i) => [keyOf(i), i]));
    this.#onAnswer = (answer, arrivedNs) => {
      const sensor = sensors.get(answer.data.key);
      if (sensor === undefined) return;
      onAnswer(indexOf(schedule, sensor, Date.parse(answer.time)), arrivedNs, answer.data.model.version);
    };
  }

  /** Records the latencies of a schedule whose message 0 is due at `startNs`, without the first `skip` messages. */
  record(schedule: Schedule, startNs: bigint, skip: number): Latencies {
    const latencies = build({ numberOfSignificantValueDigits: 3 });
    this.watch(schedule, (index, arrivedNs) => {
      if (index < skip) return;
      const sinceStartMs = Number(arrivedNs - startNs) / 1e6;
      latencies.recordValue(Math.round((sinceStartMs - dueMs(schedule, index)) * 1000));
    });
    return {
      percentileUs: (percentile) => latencies.getValueAtPercentile(percentile),
      get lost() {
        return schedule.count - skip - latencies.totalCount;
      },
    };
  }
}
