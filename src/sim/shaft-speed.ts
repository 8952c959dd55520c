import type { Random } from './random.ts';
import { SAMPLE_RATE_HZ } from './sensor.ts';

/** The speed of an induction motor wanders with the load, this far from nominal at most. */
const DRIFT_LIMIT = 0.015;
/** A new point of the random walk every tenth of a second; straight lines between them. */
const KNOT_SAMPLES = SAMPLE_RATE_HZ / 10;
const KNOT_STEP = 0.001;
/** Pulls the walk back to nominal, over some ten seconds. */
const KNOT_PULL = 0.99;

/** The speed of a shaft that drifts slowly around its nominal value, sample by sample. */
export class ShaftSpeed {
  readonly #nominalHz: number;
  readonly #random: Random;
  #drift = 0;
  #slope = 0;
  #untilKnot = 0;

  constructor(nominalRpm: number, random: Random) {
    this.#nominalHz = nominalRpm / 60;
    this.#random = random;
    this.#drift = random.between(-DRIFT_LIMIT / 2, DRIFT_LIMIT / 2);
  }

  get rpm(): number {
    return this.#nominalHz * 60 * (1 + this.#drift);
  }

  /** Moves on one sample and gives the speed there, turns per second. */
  next(): number {
    if (this.#untilKnot === 0) this.#turn();
    this.#untilKnot--;
    this.#drift += this.#slope;
    return this.#nominalHz * (1 + this.#drift);
  }

  #turn(): void {
    const target = KNOT_PULL * this.#drift + KNOT_STEP * this.#random.gaussian();
    this.#slope = (Math.max(-DRIFT_LIMIT, Math.min(DRIFT_LIMIT, target)) - this.#drift) / KNOT_SAMPLES;
    this.#untilKnot = KNOT_SAMPLES;
  }
}
