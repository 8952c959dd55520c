const MULTIPLIER = 1664525;
const INCREMENT = 1013904223;

/** Makes a source of numbers in [0, 1) that is the same in every run (linear congruential, modulo 2^32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, MULTIPLIER) + INCREMENT) >>> 0;
    return state / 2 ** 32;
  };
}
