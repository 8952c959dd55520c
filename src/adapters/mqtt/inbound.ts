import type { Log } from '../../ports/log.ts';
import { callHandlers } from '../call-handlers.ts';
import { type DecodedPublish, decodePublish } from './decode-publish.ts';
import { type Frame, FrameReader } from './frame-reader.ts';
import type { TopicRouter } from './topic-router.ts';

/** Control packet types (MQTT 3.1.1, 2.2.1). */
const CONNACK = 2;
const PUBLISH = 3;
const PUBACK = 0x40;

/** What the connection around does for the inbound half of it. */
type InboundHost = {
  /** Takes a control packet that is not a PUBLISH. */
  control(packet: Buffer): void;
  /** Sends to the broker. */
  send(packets: Buffer): void;
  /** Stops and restarts the flow of bytes from the broker. */
  pause(): void;
  resume(): void;
  /** The broker does not keep to the protocol: the connection has to end. */
  broken(error: Error): void;
};

type Dependencies = {
  readonly version: 4 | 5;
  readonly maxPacketBytes: number;
  readonly router: TopicRouter;
  readonly log: Log;
  readonly host: InboundHost;
};

/**
 * Reads what the broker sends, and gives messages to their handlers, one after another. mqtt.js would do the same with
 * two events and a tick a message, at three times the cost, and would gather a message of up to 256 MB in memory.
 */
export class Inbound {
  readonly #with: Dependencies;
  readonly #reader: FrameReader;
  /** Packet ids to acknowledge, in the order of arrival: those of one chunk leave in one write. */
  #handled: number[] = [];
  #ended = false;

  constructor(dependencies: Dependencies) {
    this.#with = dependencies;
    this.#reader = new FrameReader(dependencies.maxPacketBytes, (frame) => this.#onFrame(frame));
  }

  receive(chunk: Buffer): void {
    if (!this.#reader.push(chunk)) this.#break('the bytes are not MQTT');
    this.#acknowledge();
  }

  /** Lets messages in. Until then nothing behind CONNACK is read: handlers shall find a bus that is online. */
  admit(): void {
    if (!this.#reader.resume()) this.#break('the bytes are not MQTT');
    this.#acknowledge();
  }

  /** Gives nothing more to any handler. */
  end(): void {
    this.#ended = true;
    this.#reader.hold();
  }

  #onFrame(frame: Frame): void {
    if (frame.type === PUBLISH) this.#onPublish(frame);
    else if (frame.oversized) this.#break(`a control packet of type ${frame.type} is too large`);
    else {
      if (frame.type === CONNACK) this.#reader.hold();
      this.#with.host.control(frame.bytes.subarray(frame.first, frame.end));
    }
  }

  #onPublish(frame: Frame): void {
    const publish = decodePublish(frame, this.#with.version);
    if (publish === undefined) this.#break('a PUBLISH is malformed');
    else if (publish.qos === 2) this.#break('a PUBLISH has QoS 2, which we never ask for');
    else this.#take(publish, frame.oversized);
  }

  #take({ message, qos, packetId }: DecodedPublish, oversized: boolean): void {
    const { log, router } = this.#with;
    if (oversized) log.warn({ topic: message.topic }, 'message too large, thrown away');
    const waiting = oversized ? undefined : callHandlers(message, router.handlers(message.topic), log);
    if (waiting !== undefined) this.#wait(waiting, qos, packetId);
    else if (qos === 1) this.#handled.push(packetId);
  }

  #wait(waiting: Promise<void>, qos: number, packetId: number): void {
    this.#reader.hold();
    this.#with.host.pause();
    void waiting.then(() => {
      if (this.#ended) return;
      if (qos === 1) this.#handled.push(packetId);
      this.admit();
      if (!this.#reader.held) this.#with.host.resume();
    });
  }

  #acknowledge(): void {
    if (this.#handled.length === 0 || this.#ended) return;
    const packets = Buffer.allocUnsafe(4 * this.#handled.length);
    for (const [index, packetId] of this.#handled.entries()) {
      packets.writeUInt16BE((PUBACK << 8) | 2, 4 * index);
      packets.writeUInt16BE(packetId, 4 * index + 2);
    }
    this.#handled = [];
    this.#with.host.send(packets);
  }

  #break(why: string): void {
    if (this.#ended) return;
    this.end();
    this.#with.host.broken(new Error(`the broker broke the protocol: ${why}`));
  }
}
