import type { Reading, Window } from '../domain/reading.ts';

export type WindowerOptions = {
  /** Samples a window. */
  readonly size: number;
  /** Samples between the starts of two windows. */
  readonly hop: number;
  readonly channels: number;
  /** A step in a key's time longer than this, forwards or backwards, empties its window. */
  readonly gapMs: number;
  /** How many keys are remembered. */
  readonly maxKeys: number;
  /** Told when a step in time empties a window, and when a key is forgotten for a new one. */
  readonly onEvent: (event: 'gaps' | 'keysEvicted') => void;
};

/** The samples of one key that wait for a window to be full. */
type Pending = {
  readonly samples: Float32Array;
  /** How many values of `samples` are filled. */
  filled: number;
  /** Values still to be left out before the next window starts, where the hop is longer than the window. */
  skip: number;
  lastMs: number;
  seq: number;
};

/**
 * Collects the samples of each key into windows of equal size. Pure: its state is its keys, and time comes with the
 * readings. The key unheard for longest makes room for a new one.
 */
export class Windower {
  readonly #options: WindowerOptions;
  readonly #width: number;
  readonly #step: number;
  /** In the order of last use: the first is the one to evict. */
  readonly #keys = new Map<string, Pending>();

  constructor(options: WindowerOptions) {
    this.#options = options;
    this.#width = options.size * options.channels;
    this.#step = options.hop * options.channels;
  }

  get keys(): number {
    return this.#keys.size;
  }

  /** Adds a reading and appends the windows that it completes to `out`. An older reading within the gap changes nothing. */
  push(reading: Reading, arrivedMs: number, out: Window[]): 'out-of-order' | undefined {
    const pending = this.#use(reading.key);
    const stepMs = reading.orderMs - pending.lastMs;
    if (Math.abs(stepMs) > this.#options.gapMs) this.#restart(pending);
    else if (stepMs < 0) return 'out-of-order';
    pending.lastMs = reading.orderMs;

    const { values } = reading;
    if (values.length === this.#width && this.#step === this.#width && pending.filled === 0 && pending.skip === 0) {
      // The reading is a window, and nobody else holds its values: no copy. A tenth of all work at full load.
      out.push({ key: reading.key, seq: pending.seq++, timeMs: reading.timeMs, arrivedMs, samples: values });
      return undefined;
    }
    let at = 0;
    while (at < values.length) {
      if (pending.skip > 0) {
        const skipped = Math.min(pending.skip, values.length - at);
        pending.skip -= skipped;
        at += skipped;
        continue;
      }
      const taken = Math.min(this.#width - pending.filled, values.length - at);
      pending.samples.set(taken === values.length ? values : values.subarray(at, at + taken), pending.filled);
      pending.filled += taken;
      at += taken;
      if (pending.filled === this.#width) {
        out.push({
          key: reading.key,
          seq: pending.seq++,
          timeMs: reading.timeMs,
          arrivedMs,
          samples: pending.samples.slice(),
        });
        this.#advance(pending);
      }
    }
    return undefined;
  }

  /** Keeps what the next window shares with this one. */
  #advance(pending: Pending): void {
    const kept = Math.max(0, this.#width - this.#step);
    if (kept > 0) pending.samples.copyWithin(0, this.#step);
    pending.filled = kept;
    pending.skip = Math.max(0, this.#step - this.#width);
  }

  #restart(pending: Pending): void {
    if (pending.lastMs !== Number.NEGATIVE_INFINITY) this.#options.onEvent('gaps');
    pending.filled = 0;
    pending.skip = 0;
  }

  #use(key: string): Pending {
    const known = this.#keys.get(key);
    if (known !== undefined) {
      this.#keys.delete(key);
      this.#keys.set(key, known);
      return known;
    }
    if (this.#keys.size >= this.#options.maxKeys) {
      for (const oldest of this.#keys.keys()) {
        this.#keys.delete(oldest);
        this.#options.onEvent('keysEvicted');
        break;
      }
    }
    const samples = new Float32Array(this.#width);
    const fresh = { samples, filled: 0, skip: 0, lastMs: Number.NEGATIVE_INFINITY, seq: 0 };
    this.#keys.set(key, fresh);
    return fresh;
  }
}
