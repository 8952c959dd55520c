/** GB is 10^9 and GiB is 2^30, as the standards have it; a number alone is bytes. */
const FACTORS: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

/** Exact letters: `4Gb` would be gigabits and `4mb` millibits to someone. */
export const SIZE_PATTERN = /^([0-9]{1,15}(?:\.[0-9]{1,6})?) ?(B|kB|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?$/;

/** Reads a size such as `4GB`, `512MiB` or `1048576`, in bytes; undefined when it is none, or not a whole number of bytes. */
export function parseSize(written: string | number): number | undefined {
  const match = SIZE_PATTERN.exec(String(written));
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (FACTORS[match[2] ?? 'B'] ?? Number.NaN);
  return wholeNumber(bytes);
}

/** 1.1 x 10^9 is 1100000000.0000002 in doubles: what is this close to a whole number was meant as one. */
const ROUNDING = 1e-3;

export function wholeNumber(value: number): number | undefined {
  const rounded = Math.round(value);
  return Number.isSafeInteger(rounded) && Math.abs(value - rounded) < ROUNDING ? rounded : undefined;
}
