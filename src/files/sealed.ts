import { createHash } from 'node:crypto';

// Small state of the agent as JSON with a checksum. The checksum is there against damage; it is no protection against
// somebody who may write the file.

/** A file of another format reads as damaged: nothing in it is guessed at. */
const FORMAT = 1;

/** How JSON says what it cannot say. */
const NUMBERS: Readonly<Record<string, number>> = { NaN: Number.NaN, Infinity: Infinity, '-Infinity': -Infinity };

/** Writes a value as text that `unseal` reads back alike: undefined fields and numbers such as NaN included. */
export function seal(value: unknown): string {
  const body = JSON.stringify(value, (_, field: unknown) => {
    if (field === undefined) return null;
    return typeof field === 'number' && !Number.isFinite(field) ? { $number: String(field) } : field;
  });
  return `{"format":${FORMAT},"sha256":"${digest(body)}","body":${body}}\n`;
}

/** Gives back what was sealed; undefined when a single byte of it is not as it was. */
export function unseal<T>(text: string): T | undefined {
  const parts = /^\{"format":1,"sha256":"([0-9a-f]{64})","body":(.*)\}\n$/s.exec(text);
  const [, sha256, body = ''] = parts ?? [];
  return sha256 === digest(body) ? (revive(JSON.parse(body)) as T) : undefined;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function revive(value: unknown): unknown {
  if (value === null) return undefined;
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object') return value;
  if ('$number' in value) return NUMBERS[String(value.$number)];
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, revive(field)]));
}
