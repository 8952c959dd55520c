/** A stream of reproducible random numbers. */
export type Random = {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Normal with mean 0 and variance 1. */
  gaussian(): number;
};

/**
 * Makes the random stream of a seed; `stream` gives independent streams of one seed, so that one more impact does not
 * change the noise. The generator is sfc32 (Doty-Humphrey, PractRand), started by splitmix32; normals by Marsaglia's
 * polar method.
 */
export function seeded(seed: number, stream = 0): Random {
  const uniform = sfc32((seed ^ Math.imul(stream, 0x9e3779b9)) >>> 0, Math.floor(seed / 2 ** 32) >>> 0);
  let spare: number | undefined;

  function gaussian(): number {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square === 0 || square >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  }

  return { uniform, between: (low, high) => low + (high - low) * uniform(), gaussian };
}

function sfc32(low: number, high: number): () => number {
  const next = splitmix32(low);
  let a = next();
  let b = next() ^ high;
  let c = next();
  let counter = 1;
  const draw = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
  // The first numbers of near seeds resemble each other: the author of sfc32 throws twelve away.
  for (let i = 0; i < 12; i++) draw();
  return draw;
}

function splitmix32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) | 0;
  };
}
