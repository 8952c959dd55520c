import { Bearing } from './bearing.ts';
import type { Fault } from './sensor.ts';

export type BearingsOptions = {
  readonly count: number;
  /** The last bearings get these, one each; the others stay healthy. At most `count`. */
  readonly fail: readonly Fault[];
  readonly seed: number;
  readonly onsetSec: number;
  readonly failSec: number;
};

/** Makes `bearing-1` to `bearing-N`, each on a machine of its own character. */
export function bearings({ count, fail, seed, onsetSec, failSec }: BearingsOptions): Bearing[] {
  return Array.from({ length: count }, (_, i) => {
    const fault = fail[i - (count - fail.length)] ?? 'none';
    return new Bearing({ key: `bearing-${i + 1}`, seed: seed * 1000 + i, fault, onsetSec, failSec });
  });
}
