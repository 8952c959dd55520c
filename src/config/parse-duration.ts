import { wholeNumber } from './parse-size.ts';

const FACTORS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3_600e3, d: 86_400e3 };

export const DURATION_PATTERN = /^([0-9]{1,12}(?:\.[0-9]{1,6})?) ?(ms|s|m|h|d)$/;

/**
 * Reads a duration such as `500ms`, `5s`, `2m`, `1h` or `7d`, in milliseconds. Only 0 needs no unit: half of the world
 * would read a bare 5 as seconds, the other half as milliseconds. Undefined when it is none.
 */
export function parseDuration(written: string | number): number | undefined {
  if (written === 0 || written === '0') return 0;
  const match = DURATION_PATTERN.exec(String(written));
  if (match === null) return undefined;
  return wholeNumber(Number(match[1]) * (FACTORS[match[2] ?? ''] ?? Number.NaN));
}
