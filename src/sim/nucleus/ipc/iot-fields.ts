import type { JsonValue } from '../services.ts';
import { Refusal } from './refusal.ts';

/** classic knows two, and wants one of them. */
export function classicQos(value: JsonValue | undefined): 0 | 1 | Refusal {
  if (value === undefined || value === null) return new Refusal('InvalidArgumentsError', 'QoS is required');
  if (value === '0') return 0;
  if (value === '1') return 1;
  return new Refusal('InvalidArgumentsError', `Invalid QoS value: ${String(value)}`);
}

/** lite takes text and numbers, 2 as well, and 0 when nothing is said. */
export function liteQos(value: JsonValue | undefined): 0 | 1 | 2 | Refusal {
  if (value === undefined) return 0;
  if (typeof value !== 'string' && !Number.isInteger(value)) {
    return new Refusal('ServiceError', 'Key qos of invalid type.');
  }
  if (typeof value === 'string' && !/^-?\d+$/.test(value)) {
    return new Refusal('ServiceError', "Failed to parse 'qos' string value.");
  }
  const qos = Number(value);
  return qos === 0 || qos === 1 || qos === 2 ? qos : new Refusal('ServiceError', "'qos' not a valid value.");
}

/** Undefined: it is no text, or no base64. */
export function decodeBase64(value: JsonValue | undefined): Uint8Array | undefined {
  if (typeof value !== 'string') return undefined;
  const bytes = Buffer.from(value, 'base64');
  return bytes.toString('base64').length === value.length ? bytes : undefined;
}
