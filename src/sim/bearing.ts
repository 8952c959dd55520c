import { type Random, seeded } from './random.ts';
import { type Fault, SAMPLE_RATE_HZ, type VibrationSensor } from './sensor.ts';
import { ShaftSpeed } from './shaft-speed.ts';
import { Structure } from './structure.ts';

/**
 * Defect frequencies of the 6205-2RS JEM SKF, in multiples of the shaft speed: Case Western Reserve University Bearing
 * Data Center, "Bearing Information", drive end. `ballSpin` counts turns; a defect on a ball strikes twice a turn.
 */
export const GEOMETRY = { outer: 3.585, inner: 5.415, ballSpin: 2.357, cage: 0.398 } as const;

/** Initial height of the ringing after one impact at full severity, g: rms as in CWRU's 7 to 21 mil recordings. */
const IMPACT_G = { outer: 3.2, inner: 2.7, ball: 1.5 } as const;
/** Depth of the modulation as the defect goes through the load zone: inner race by the shaft, ball by the cage. */
const LOAD_ZONE_DEPTH = 0.7;
/** A ball meets one race harder than the other. */
const WEAK_RACE = 0.7;
/** No two impacts are equally hard. */
const IMPACT_SCATTER = 0.15;
const SLIP_RANGE = [0.01, 0.02] as const;
/** Broadband noise grows with wear, up to this factor more. */
const WEAR_NOISE = 0.6;

export type BearingOptions = {
  readonly seed: number;
  readonly fault: Fault;
  readonly key?: string;
  /** Nominal shaft speed; the real one drifts around it. */
  readonly rpm?: number;
  /** When the defect begins and when it is at `peakSeverity`, seconds. Both 0: from the first sample. */
  readonly onsetSec?: number;
  readonly failSec?: number;
  /** Where the defect ends: 1 is a failed bearing. */
  readonly peakSeverity?: number;
};

/**
 * A bearing that wears out, after the signal model of R. B. Randall and J. Antoni, "Rolling element bearing
 * diagnostics: a tutorial", MSSP 25 (2011): each time the defect is struck a structural resonance rings and decays; the
 * intervals slip by 1-2 %, so that they are almost, and not quite, periodic; the load zone modulates the hardness.
 * Beneath lie the shaft's harmonics and the noise of the machine. The same seed gives the same samples, however they
 * are asked for; two bearings that differ in the fault only are equal until its onset.
 */
export class Bearing implements VibrationSensor {
  readonly key: string;
  readonly fault: Fault;
  readonly #onset: number;
  readonly #fail: number;
  readonly #peak: number;
  readonly #shaft: ShaftSpeed;
  readonly #structure: Structure;
  readonly #impacts: Random;
  readonly #slip: number;
  #sample = 0;
  /** Shaft turns so far. */
  #turns: number;
  /** Defect passages so far, and the count at which the next impact falls. */
  #passages = 0;
  #nextImpact: number;
  #struck = 0;

  constructor(options: BearingOptions) {
    this.fault = options.fault;
    this.key = options.key ?? `bearing-${options.seed}`;
    this.#onset = (options.onsetSec ?? 0) * SAMPLE_RATE_HZ;
    this.#fail = (options.failSec ?? 0) * SAMPLE_RATE_HZ;
    this.#peak = options.peakSeverity ?? 1;
    this.#shaft = new ShaftSpeed(options.rpm ?? 1797, seeded(options.seed, 1));
    this.#structure = new Structure(seeded(options.seed, 2), seeded(options.seed, 3));
    this.#impacts = seeded(options.seed, 4);
    this.#turns = this.#impacts.uniform();
    this.#nextImpact = this.#impacts.uniform();
    this.#slip = this.#impacts.between(...SLIP_RANGE);
  }

  get rpm(): number {
    return this.#shaft.rpm;
  }

  /** 0 is healthy; grows with the square of the time since onset, as a spall that feeds itself. */
  get severity(): number {
    if (this.fault === 'none' || this.#sample < this.#onset) return 0;
    if (this.#sample >= this.#fail) return this.#peak;
    return this.#peak * ((this.#sample - this.#onset) / (this.#fail - this.#onset)) ** 2;
  }

  next(count: number): Float32Array {
    const samples = new Float32Array(count);
    for (let i = 0; i < count; i++) samples[i] = this.#step();
    return samples;
  }

  #step(): number {
    const severity = this.severity;
    const turned = this.#shaft.next() / SAMPLE_RATE_HZ;
    this.#turns += turned;
    this.#structure.decay();
    if (this.fault !== 'none') this.#pass(this.fault, turned, severity);
    this.#sample++;
    return this.#structure.vibration(this.#turns, 1 + WEAR_NOISE * severity);
  }

  /** Moves the defect on, and strikes when it is due, at its moment between two samples. */
  #pass(fault: Exclude<Fault, 'none'>, turned: number, severity: number): void {
    const passed = turned * (fault === 'ball' ? 2 * GEOMETRY.ballSpin : GEOMETRY[fault]);
    this.#passages += passed;
    if (this.#passages < this.#nextImpact) return;
    const age = (this.#passages - this.#nextImpact) / passed;
    const hardness = Math.max(0, 1 + IMPACT_SCATTER * this.#impacts.gaussian());
    this.#structure.strike(IMPACT_G[fault] * severity * hardness * this.#load(fault), age);
    this.#nextImpact += 1 + this.#slip * this.#impacts.gaussian();
    this.#struck++;
  }

  /** How hard the defect is loaded where it is now. */
  #load(fault: Exclude<Fault, 'none'>): number {
    switch (fault) {
      case 'outer':
        return 1;
      case 'inner':
        return 1 + LOAD_ZONE_DEPTH * Math.cos(2 * Math.PI * this.#turns);
      case 'ball': {
        const race = this.#struck % 2 === 0 ? 1 : WEAK_RACE;
        return race * (1 + LOAD_ZONE_DEPTH * Math.cos(2 * Math.PI * GEOMETRY.cage * this.#turns));
      }
      default:
        return fault satisfies never;
    }
  }
}
