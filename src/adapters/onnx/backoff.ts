/** A single crash must not cost a second of decisions, so the first restart waits for nothing. */
const SECOND_DELAY_MS = 250;
/** A model that always crashes costs a start every half minute and no more. */
const MAX_DELAY_MS = 30_000;
/** After this long without a failure, the next one counts as the first again. */
export const STABLE_MS = 60_000;

/**
 * Tells how long to wait before a restart, after `failures` (1 or more) in a row. `random` in [0, 1) spreads the
 * upper half, so that agents which failed together do not start together.
 */
export function restartDelayMs(failures: number, random: number): number {
  if (failures <= 1) return 0;
  const full = Math.min(SECOND_DELAY_MS * 2 ** (failures - 2), MAX_DELAY_MS);
  return full * (0.5 + random / 2);
}
