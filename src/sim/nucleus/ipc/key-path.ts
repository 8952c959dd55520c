import type { JsonValue } from '../services.ts';

/** `services`, the component and `configuration` come before a key path, and a path has at most GG_MAX_OBJECT_DEPTH parts. */
const MAX_LITE_DEPTH = 12;

/** A key path as classic takes it: nothing is the whole configuration. */
export function classicPath(value: JsonValue | undefined): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

export function litePath(value: JsonValue | undefined): readonly string[] | 'malformed' | 'too deep' {
  if (value === undefined) return [];
  if (!Array.isArray(value) || !value.every((key) => typeof key === 'string')) return 'malformed';
  return value.length > MAX_LITE_DEPTH ? 'too deep' : value;
}
