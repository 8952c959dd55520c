import { isValidTopic } from '../../domain/topic-filter.ts';
import type { Outgoing } from '../../ports/bus.ts';
import { varintSize, writeVarint } from './varint.ts';

/** Control packet type and flag (MQTT 3.1.1, 2.2.1 and 3.3.1). */
const PUBLISH = 0x30;
const RETAIN = 0x01;
/** Id of that property (MQTT 5, 2.2.2.2), and the longest value that its two length bytes allow. */
const CORRELATION_DATA = 9;
const MAX_CORRELATION_BYTES = 65_535;

/** Encoded topics that are remembered, about 1 MB; when full, all are forgotten. */
const MAX_REMEMBERED_TOPICS = 4_096;

/** A message that can be sent, measured: its topic with the length before it, and the size of what follows the header. */
type Measured = { readonly message: Outgoing; readonly topic: Buffer; readonly body: number };

/**
 * Encodes QoS 0 PUBLISH packets into one buffer: one write for a batch of answers, without a stream call, a callback or
 * a promise a message.
 */
export class PublishEncoder {
  readonly #version: 4 | 5;
  readonly #topics = new Map<string, Buffer>();

  constructor(version: 4 | 5) {
    this.#version = version;
  }

  /** What cannot be sent (see `problem`) goes to `refused` and is left out. */
  encode(messages: readonly Outgoing[], maxBytes: number, refused: (message: Outgoing, why: string) => void): Buffer {
    const sendable: Measured[] = [];
    let total = 0;
    for (const message of messages) {
      const topic = this.#topic(message.topic);
      const body =
        topic === undefined ? 0 : topic.length + propertiesSize(message, this.#version) + byteLength(message.payload);
      const size = 1 + varintSize(body) + body;
      if (topic === undefined) refused(message, 'the topic is not valid');
      else if (size > maxBytes) refused(message, 'it is larger than the broker takes');
      else if ((message.correlationData?.length ?? 0) > MAX_CORRELATION_BYTES)
        refused(message, 'its correlation data is too long');
      else {
        sendable.push({ message, topic, body });
        total += size;
      }
    }
    const out = Buffer.allocUnsafe(total);
    let at = 0;
    for (const measured of sendable) at = this.#write(out, at, measured);
    return out;
  }

  #write(out: Buffer, start: number, { message, topic, body }: Measured): number {
    out[start] = message.retain === true ? PUBLISH | RETAIN : PUBLISH;
    let at = writeVarint(out, start + 1, body);
    const end = at + body;
    at += topic.copy(out, at);
    if (this.#version === 5) at = writeProperties(out, at, message.correlationData);
    if (typeof message.payload === 'string') out.write(message.payload, at, 'utf8');
    else out.set(message.payload, at);
    return end;
  }

  /** Undefined: not valid. Results go to few topics again and again, so each is checked and encoded once. */
  #topic(topic: string): Buffer | undefined {
    const known = this.#topics.get(topic);
    if (known !== undefined) return known;
    if (!isValidTopic(topic)) return undefined;
    const bytes = Buffer.allocUnsafeSlow(2 + Buffer.byteLength(topic));
    bytes.writeUInt16BE(bytes.length - 2, 0);
    bytes.write(topic, 2, 'utf8');
    if (this.#topics.size >= MAX_REMEMBERED_TOPICS) this.#topics.clear();
    this.#topics.set(topic, bytes);
    return bytes;
  }
}

/** How long a QoS 1 PUBLISH of this message is. */
export function sizeAcked(message: Outgoing, version: 4 | 5): number {
  const body =
    2 + Buffer.byteLength(message.topic) + 2 + propertiesSize(message, version) + byteLength(message.payload);
  return 1 + varintSize(body) + body;
}

/** MQTT 5 has a length byte here even where there are no properties. */
function propertiesSize(message: Outgoing, version: 4 | 5): number {
  if (version === 4) return 0;
  if (message.correlationData === undefined) return 1;
  const length = 3 + message.correlationData.length;
  return varintSize(length) + length;
}

function writeProperties(out: Buffer, start: number, correlationData: Uint8Array | undefined): number {
  if (correlationData === undefined) return writeVarint(out, start, 0);
  const at = writeVarint(out, start, 3 + correlationData.length);
  out[at] = CORRELATION_DATA;
  out.writeUInt16BE(correlationData.length, at + 1);
  out.set(correlationData, at + 3);
  return at + 3 + correlationData.length;
}

function byteLength(payload: Uint8Array | string): number {
  return typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
}
