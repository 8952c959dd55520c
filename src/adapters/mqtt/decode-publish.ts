import type { Incoming } from '../../ports/bus.ts';
import type { Frame } from './frame-reader.ts';
import { readVarint } from './varint.ts';

/** Properties of an MQTT 5 PUBLISH (MQTT 5, 2.2.2.2): their ids, and how long the values are. */
const RESPONSE_TOPIC = 8;
const CORRELATION_DATA = 9;
const SUBSCRIPTION_ID = 11;
const USER_PROPERTY = 38;
/** Payload format and message expiry. A topic alias (35) is not among them: we allow the broker none. */
const FIXED_SIZE: Readonly<Record<number, number>> = { 1: 1, 2: 4 };
const LENGTH_PREFIXED = new Set([3, RESPONSE_TOPIC, CORRELATION_DATA]);

/** Flag of the fixed header (MQTT 3.1.1, 3.3.1.3). */
const RETAIN = 0x01;
const NOTHING = new Uint8Array(0);

export type DecodedPublish = { readonly message: Incoming; readonly qos: number; readonly packetId: number };

/** Reads a PUBLISH (MQTT 3.1.1 and 5, 3.3). The payload is a view of the frame. Undefined: malformed. */
export function decodePublish(frame: Frame, version: 4 | 5): DecodedPublish | undefined {
  const { bytes, body, end } = frame;
  const qos = (frame.flags >> 1) & 3;
  if (body + 2 > end || qos === 3) return undefined;
  const topicEnd = body + 2 + bytes.readUInt16BE(body);
  const headEnd = qos === 0 ? topicEnd : topicEnd + 2;
  if (headEnd > end) return undefined;
  const topic = bytes.toString('utf8', body + 2, topicEnd);
  const packetId = qos === 0 ? 0 : bytes.readUInt16BE(topicEnd);
  const retained = (frame.flags & RETAIN) !== 0;
  if (frame.oversized) return { message: { topic, payload: NOTHING, retained }, qos, packetId };
  if (version === 4) return { message: { topic, payload: bytes.subarray(headEnd, end), retained }, qos, packetId };

  const length = readVarint(bytes, headEnd);
  if (length === undefined || length.end + length.value > end) return undefined;
  const payload = bytes.subarray(length.end + length.value, end);
  if (length.value === 0) return { message: { topic, payload, retained }, qos, packetId };
  const properties = readProperties(bytes.subarray(length.end, length.end + length.value));
  return properties && { message: { topic, payload, retained, ...properties }, qos, packetId };
}

type Properties = { responseTopic?: string; correlationData?: Uint8Array };

function readProperties(bytes: Buffer): Properties | undefined {
  const found: Properties = {};
  let at = 0;
  while (at < bytes.length) {
    const id = bytes[at] ?? 0;
    const end = endOfProperty(bytes, id, at + 1);
    if (end === undefined || end > bytes.length) return undefined;
    if (id === RESPONSE_TOPIC) found.responseTopic = bytes.toString('utf8', at + 3, end);
    if (id === CORRELATION_DATA) found.correlationData = bytes.subarray(at + 3, end);
    at = end;
  }
  return found;
}

function endOfProperty(bytes: Buffer, id: number, at: number): number | undefined {
  const fixed = FIXED_SIZE[id];
  if (fixed !== undefined) return at + fixed;
  if (id === SUBSCRIPTION_ID) return readVarint(bytes, at)?.end;
  if (LENGTH_PREFIXED.has(id)) return endOfPrefixed(bytes, at);
  if (id !== USER_PROPERTY) return undefined;
  const name = endOfPrefixed(bytes, at);
  return name === undefined ? undefined : endOfPrefixed(bytes, name);
}

function endOfPrefixed(bytes: Buffer, at: number): number | undefined {
  return at + 2 > bytes.length ? undefined : at + 2 + bytes.readUInt16BE(at);
}
