/** Packet types of MQTT (3.1.1, 2.2.1) as far as the benchmarks meet them. */
export const PACKET = { connect: 1, connack: 2, publish: 3, subscribe: 8, suback: 9, pingreq: 12 } as const;

/** `start..end` is the whole packet, `body` the first byte after the fixed header, all within `buffer`. */
export type OnPacket = (buffer: Buffer, start: number, body: number, end: number) => void;

/**
 * Cuts a stream of bytes into MQTT packets by their fixed headers alone. Parsing whole packets would cost the
 * load generator as much as the agent that it measures.
 */
export class PacketScanner {
  #rest: Buffer | undefined;

  feed(chunk: Buffer, onPacket: OnPacket): void {
    const buffer = this.#rest === undefined ? chunk : Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (;;) {
      const body = bodyStart(buffer, start);
      if (body === undefined) break;
      const end = body + remainingLength(buffer, start);
      if (end > buffer.length) break;
      onPacket(buffer, start, body, end);
      start = end;
    }
    this.#rest = start === buffer.length ? undefined : buffer.subarray(start);
  }
}

export const packetType = (buffer: Buffer, start: number): number => (buffer[start] ?? 0) >> 4;
export const packetQos = (buffer: Buffer, start: number): number => ((buffer[start] ?? 0) >> 1) & 3;

/** Where the payload of a PUBLISH of QoS 0 starts. MQTT 5 puts its properties between topic and payload. */
export function payloadStart(buffer: Buffer, body: number, version: number): number {
  const afterTopic = body + 2 + buffer.readUInt16BE(body);
  return version === 5 ? afterTopic + 1 + (buffer[afterTopic] ?? 0) : afterTopic;
}

function bodyStart(buffer: Buffer, start: number): number | undefined {
  for (let at = start + 1; at < buffer.length; at++) if ((buffer[at] ?? 0) < 0x80) return at + 1;
  return undefined;
}

/** MQTT 3.1.1, 2.2.3: seven bits a byte, the lowest first. */
function remainingLength(buffer: Buffer, start: number): number {
  let length = 0;
  for (let at = start + 1, shift = 0; ; at++, shift += 7) {
    const byte = buffer[at] ?? 0;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) return length;
  }
}
