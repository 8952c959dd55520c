import type { PairedFigures } from '../../rollout/figures.ts';
import type { Answer } from './answers.ts';
import { percentile } from './live-tally.ts';

/** Distances that the median rests on at most: the latest. */
const MAX_DISTANCES = 2_048;

/** Compares two models window by window: only windows that both answered with finite scores count. */
export class PairTally {
  readonly #classifies: boolean;
  readonly #newer: number[];
  readonly #older: number[];
  readonly #distances: number[] = [];
  #windows = 0;
  #disagreed = 0;
  #newerAlarming = 0;
  #olderAlarming = 0;
  /** Welford's running mean and sum of squares of the older answers. */
  #mean = 0;
  #squares = 0;

  constructor(bins: number, classifies: boolean) {
    this.#classifies = classifies;
    this.#newer = new Array<number>(bins).fill(0);
    this.#older = new Array<number>(bins).fill(0);
  }

  add(newer: Answer, older: Answer): void {
    if (!newer.finite || !older.finite) return;
    this.#newer[newer.bin] = (this.#newer[newer.bin] ?? 0) + 1;
    this.#older[older.bin] = (this.#older[older.bin] ?? 0) + 1;
    if (newer.alarming) this.#newerAlarming++;
    if (older.alarming) this.#olderAlarming++;
    if (this.#classifies && newer.bin !== older.bin) this.#disagreed++;
    this.#distances[this.#windows % MAX_DISTANCES] = Math.abs(newer.value - older.value);
    this.#windows++;
    const delta = older.value - this.#mean;
    this.#mean += delta / this.#windows;
    this.#squares += delta * (older.value - this.#mean);
  }

  figures(): PairedFigures {
    return {
      windows: this.#windows,
      disagreed: this.#disagreed,
      medianDistance: this.#classifies ? 0 : this.#medianDistance(),
      newer: [...this.#newer],
      older: [...this.#older],
      newerAlarming: this.#newerAlarming,
      olderAlarming: this.#olderAlarming,
    };
  }

  /** In standard deviations of the older answers; old answers that all are the same leave the distance as it is. */
  #medianDistance(): number {
    const spread = Math.sqrt(this.#squares / Math.max(1, this.#windows - 1));
    const median = percentile(this.#distances, 0.5);
    return spread > 0 ? median / spread : median;
  }
}
