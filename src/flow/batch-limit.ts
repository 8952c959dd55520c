/** A batch under this gain only makes the first window wait for the last. */
const WORTHWHILE_GAIN = 1.1;

/** Below this, the way to the runner and back (about 0.1 ms) costs more than waiting for a neighbour's window. */
const CHEAP_WINDOW_MS = 0.5;

/** How many windows to give the model at once, from what was measured when it was loaded. */
export function batchLimit(model: { readonly singleMs: number; readonly batchGain: number }, max: number): number {
  return model.batchGain >= WORTHWHILE_GAIN || model.singleMs < CHEAP_WINDOW_MS ? max : 1;
}
