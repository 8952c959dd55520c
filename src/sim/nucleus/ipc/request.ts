import type { JsonObject } from './operation.ts';

/** Reads the payload of a request; undefined: it is no JSON object. Nothing at all counts as `{}`. */
export function parseObject(payload: Uint8Array): JsonObject | undefined {
  if (payload.length === 0) return {};
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(payload).toString());
  } catch {
    return undefined;
  }
  return isObject(value) ? value : undefined;
}

/** Tells whether a value that came out of JSON is an object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
