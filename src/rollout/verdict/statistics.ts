import type { Histogram } from '../figures.ts';

/** 95 % two-sided. Verdicts are asked again and again while figures grow, so this is no promise of 95 %. */
const Z = 1.96;
/** Shares below this are taken for it: an empty bin must not make the index infinite. */
const MIN_SHARE = 0.005;
/** Chance stays below mean + 3 standard deviations nearly always. */
const NOISE_SIGMAS = 3;

/** Fewer windows than this prove no share, however clear they look: one of one is luck. */
const MIN_SAMPLES = 20;

export type Bounds = { readonly lower: number; readonly upper: number };

/** Bounds a true share by `hits` of `n` seen (Wilson 1927, score interval). Nothing seen bounds nothing. */
export function wilson(hits: number, n: number): Bounds {
  if (n === 0) return { lower: 0, upper: 1 };
  const share = hits / n;
  const scale = 1 + Z ** 2 / n;
  const centre = (share + Z ** 2 / (2 * n)) / scale;
  const spread = (Z / scale) * Math.sqrt((share * (1 - share)) / n + Z ** 2 / (4 * n ** 2));
  return { lower: Math.max(0, centre - spread), upper: Math.min(1, centre + spread) };
}

/** Tells whether the true share is over the limit beyond doubt. */
export function surelyOver(hits: number, n: number, limit: number): boolean {
  return n >= MIN_SAMPLES && wilson(hits, n).lower > limit;
}

/** Population stability index of two distributions over the same bins, given as counts or as shares. 0: the same. */
export function psi(seen: Histogram, expected: Histogram): number {
  const actual = shares(seen);
  const reference = shares(expected);
  return actual.reduce((sum, share, bin) => {
    const other = reference[bin] ?? MIN_SHARE;
    return sum + (share - other) * Math.log(share / other);
  }, 0);
}

/**
 * The index that chance alone may bring when samples of `n` and `m` are drawn from one distribution: it is then
 * (1/n + 1/m) times a chi-square variable of bins - 1 degrees of freedom (Yurdakul 2018). `m` may be infinite.
 */
export function psiNoise(bins: number, n: number, m: number): number {
  const freedom = Math.max(0, bins - 1);
  return (1 / n + 1 / m) * (freedom + NOISE_SIGMAS * Math.sqrt(2 * freedom));
}

export function total(histogram: Histogram): number {
  return histogram.reduce((sum, count) => sum + count, 0);
}

function shares(histogram: Histogram): readonly number[] {
  const all = total(histogram);
  return histogram.map((count) => Math.max(MIN_SHARE, all === 0 ? 0 : count / all));
}
