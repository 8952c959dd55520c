import type { ModelInput } from '../domain/manifest.ts';

/** Six digits go into a float32 and come back. */
const DIGITS = 6;
/** Periods of the sine in a window. */
const PERIODS = 5;

/**
 * Windows for golden cases where there is no recorded data: rest, a step, a tone and noise. They tell a broken model or
 * runtime from a sound one; whether it is a good model, they do not tell.
 */
export function goldenWindows({ window, channels }: ModelInput): ReadonlyMap<string, readonly number[]> {
  const count = channels.length;
  const random = seeded();
  const make = (value: (sample: number, channel: number) => number) =>
    Array.from({ length: window * count }, (_, i) =>
      Number(value(Math.floor(i / count), i % count).toPrecision(DIGITS)),
    );
  return new Map([
    ['rest', make(() => 0)],
    ['step', make((sample) => (sample < window / 2 ? 0 : 1))],
    ['tone', make((sample, channel) => Math.sin((2 * Math.PI * PERIODS * sample) / window + channel))],
    ['noise', make(() => random() * 2 - 1)],
  ]);
}

/** A linear congruential generator (Numerical Recipes): the same noise on every machine. */
function seeded(): () => number {
  let state = 42;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
