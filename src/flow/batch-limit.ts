/** A batch under this gain only makes the first window wait for the last. */
const WORTHWHILE_GAIN = 1.1;

/** Below this, the way to the runner and back (about 0.1 ms) costs more than waiting for a neighbour's window. */
const CHEAP_WINDOW_MS = 0.5;

/** A longer run would make the next alarm wait behind it, and come near the deadline on a slow device. */
const LONGEST_RUN_MS = 50;

/** How many windows to give the model at once, from what was measured when it was loaded. */
export function batchLimit(model: { readonly singleMs: number; readonly batchGain: number }, max: number): number {
  const { singleMs, batchGain } = model;
  if (batchGain < WORTHWHILE_GAIN && singleMs >= CHEAP_WINDOW_MS) return 1;
  const windowMs = singleMs / Math.max(1, batchGain);
  return Math.max(1, Math.min(max, Math.floor(LONGEST_RUN_MS / windowMs)));
}
