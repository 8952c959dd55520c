import { encode } from 'cborg';

export const FORMATS = ['json', 'cbor', 'f32le'] as const;
export type Format = (typeof FORMATS)[number];

export type SensorBatch = {
  /** When the last sample was taken, milliseconds since 1970 UTC. */
  readonly ts: number;
  readonly rpm: number;
  readonly values: Float32Array;
};

/** Steps a sensor of +-16 g with 24 bits cannot resolve: more digits would only make JSON twice as long. */
const JSON_STEPS_PER_G = 1e6;

/** Encodes one message of a sensor: `{ts, rpm, values}`, or nothing but the samples for f32le. */
export function encodeBatch(format: Format, { ts, rpm, values }: SensorBatch): Uint8Array | string {
  switch (format) {
    case 'json':
      return JSON.stringify({ ts, rpm: Math.round(rpm), values: Array.from(values, toStep) });
    case 'cbor':
      return encode({ ts, rpm: Math.round(rpm), values: Array.from(values) });
    case 'f32le':
      return littleEndian(values);
    default:
      return format satisfies never;
  }
}

function toStep(value: number): number {
  return Math.round(value * JSON_STEPS_PER_G) / JSON_STEPS_PER_G;
}

/** Byte by byte, so that a big-endian machine sends the same. */
function littleEndian(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(i * 4, values[i] ?? Number.NaN, true);
  return bytes;
}
