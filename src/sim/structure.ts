import type { Random } from './random.ts';
import { SAMPLE_RATE_HZ } from './sensor.ts';

/** Levels of a healthy machine, g; together about the 0.07 g rms of CWRU's normal recording. */
const UNBALANCE_G = [0.015, 0.03] as const;
const SECOND_HARMONIC_G = [0.02, 0.035] as const;
const WHITE_G = [0.012, 0.022] as const;
/** A healthy motor hums. Ours does around 1 kHz, where CWRU's normal recording has its energy when it is played at 12 kHz. */
const HUM_G = [0.045, 0.07] as const;
const HUM_HZ = [900, 1300] as const;
const HUM_BANDWIDTH_HZ = 80;

/** Where the housing rings when struck. CWRU's faults have their energy between 2.5 and 4 kHz, in two modes mostly. */
const FIRST_MODE_HZ = [2400, 3500] as const;
const SECOND_MODE_HZ = [3200, 3900] as const;
const SECOND_MODE_SHARE = [0.2, 0.6] as const;
/** Time after which a ringing has fallen to 1/e. */
const DECAY_SEC = [0.0008, 0.0016] as const;

/** The machine around a bearing: harmonics of its shaft, noise, and resonances that ring on after a strike. */
export class Structure {
  readonly #noise: Random;
  readonly #unbalance: number;
  readonly #second: number;
  readonly #secondPhase: number;
  readonly #white: number;
  readonly #hum: Hum;
  readonly #modes: readonly [Mode, Mode];

  /** `character` makes this machine differ from others; `noise` is drawn from for each sample. */
  constructor(character: Random, noise: Random) {
    this.#noise = noise;
    this.#unbalance = character.between(...UNBALANCE_G);
    this.#second = character.between(...SECOND_HARMONIC_G);
    this.#secondPhase = character.uniform();
    this.#white = character.between(...WHITE_G);
    this.#hum = new Hum(character.between(...HUM_HZ), character.between(...HUM_G));
    const decay = character.between(...DECAY_SEC);
    this.#modes = [
      new Mode(character.between(...FIRST_MODE_HZ), decay, 1),
      new Mode(character.between(...SECOND_MODE_HZ), decay, character.between(...SECOND_MODE_SHARE)),
    ];
  }

  /** Hits the structure `age` samples ago, 0 <= age < 1. */
  strike(amplitude: number, age: number): void {
    for (const mode of this.#modes) mode.strike(amplitude, age);
  }

  /** Lets every ringing run on by one sample. */
  decay(): void {
    for (const mode of this.#modes) mode.decay();
  }

  /** What the sensor feels now, g. */
  vibration(turns: number, noiseFactor: number): number {
    const shaft =
      this.#unbalance * Math.sin(2 * Math.PI * turns) +
      this.#second * Math.sin(2 * Math.PI * (2 * turns + this.#secondPhase));
    const noise = this.#white * this.#noise.gaussian() * noiseFactor + this.#hum.next(this.#noise.gaussian());
    return shaft + noise + this.#modes[0].value + this.#modes[1].value;
  }
}

/** A decaying oscillation, as a complex number that turns and shrinks: two multiplications a sample, no history. */
class Mode {
  readonly #omega: number;
  readonly #damping: number;
  readonly #share: number;
  readonly #turnRe: number;
  readonly #turnIm: number;
  #re = 0;
  #im = 0;

  constructor(hz: number, decaySec: number, share: number) {
    this.#omega = (2 * Math.PI * hz) / SAMPLE_RATE_HZ;
    this.#damping = 1 / (decaySec * SAMPLE_RATE_HZ);
    this.#share = share;
    this.#turnRe = Math.exp(-this.#damping) * Math.cos(this.#omega);
    this.#turnIm = Math.exp(-this.#damping) * Math.sin(this.#omega);
  }

  get value(): number {
    return this.#im;
  }

  strike(amplitude: number, age: number): void {
    const height = amplitude * this.#share * Math.exp(-this.#damping * age);
    this.#re += height * Math.cos(this.#omega * age);
    this.#im += height * Math.sin(this.#omega * age);
  }

  decay(): void {
    const re = this.#re * this.#turnRe - this.#im * this.#turnIm;
    this.#im = this.#re * this.#turnIm + this.#im * this.#turnRe;
    this.#re = re;
  }
}

/** Noise coloured by one resonance (autoregressive, second order), scaled to a given rms. */
class Hum {
  readonly #a1: number;
  readonly #a2: number;
  readonly #gain: number;
  #last = 0;
  #beforeLast = 0;

  constructor(hz: number, rms: number) {
    const radius = Math.exp((-Math.PI * HUM_BANDWIDTH_HZ) / SAMPLE_RATE_HZ);
    this.#a1 = 2 * radius * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ);
    this.#a2 = -radius * radius;
    // Variance of an AR(2) process driven by unit noise (Box and Jenkins, 3.2.4).
    const variance = (1 - this.#a2) / ((1 + this.#a2) * ((1 - this.#a2) ** 2 - this.#a1 ** 2));
    this.#gain = rms / Math.sqrt(variance);
  }

  next(noise: number): number {
    const value = this.#a1 * this.#last + this.#a2 * this.#beforeLast + this.#gain * noise;
    this.#beforeLast = this.#last;
    this.#last = value;
    return value;
  }
}
