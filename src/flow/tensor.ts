import type { Window } from '../domain/reading.ts';

/** Lays windows one after another into `into`, and returns the part that is filled: count x window x channels. */
export function packBatch(windows: readonly Window[], into: Float32Array): Float32Array {
  let at = 0;
  for (const window of windows) {
    into.set(window.samples, at);
    at += window.samples.length;
  }
  return into.subarray(0, at);
}
