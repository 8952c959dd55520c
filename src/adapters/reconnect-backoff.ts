/** The first pause: a broker that only restarts is back within it. */
export const FIRST_PAUSE_MS = 200;
/** The longest pause: a broker that was away for hours is found again within half a minute. */
export const LONGEST_PAUSE_MS = 30_000;

/**
 * Tells how long to wait after `failures` failed attempts in a row (0: the first). It doubles up to the cap, and half of
 * it is random, so that a thousand devices do not come back to their broker in the same moment.
 */
export function backoffMs(failures: number, random: () => number): number {
  const full = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 30));
  return full / 2 + (full / 2) * random();
}
