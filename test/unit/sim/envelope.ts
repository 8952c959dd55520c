import { SAMPLE_RATE_HZ } from '../../../src/sim/sensor.ts';

export function rms(samples: Float32Array): number {
  return Math.sqrt(samples.reduce((total, value) => total + value * value, 0) / samples.length);
}

/** Drift and slip blur a line of the spectrum by so much of its frequency. */
const BLUR = 0.015;
/** The neighbourhood that a line must rise above. */
const NEIGHBOURHOOD = [0.04, 0.1] as const;
const STEPS = 30;

/**
 * Measures how far a frequency stands out of its neighbours in the envelope spectrum: the strongest amplitude around
 * it over the mean one beside it. The envelope is the rectified signal above the shaft's harmonics and the hum.
 */
export function envelopeLine(samples: Float32Array, hz: number): number {
  const envelope = highPass(samples).map(Math.abs);
  const mean = envelope.reduce((total, value) => total + value, 0) / envelope.length;
  const amplitude = (at: number) => dft(envelope, mean, at);
  const around = spread(-BLUR, BLUR).map((share) => amplitude(hz * (1 + share)));
  const [near, far] = NEIGHBOURHOOD;
  const beside = [...spread(-far, -near), ...spread(near, far)].map((share) => amplitude(hz * (1 + share)));
  return Math.max(...around) / (beside.reduce((total, value) => total + value, 0) / beside.length);
}

function spread(low: number, high: number): number[] {
  return Array.from({ length: STEPS }, (_, i) => low + ((high - low) * i) / (STEPS - 1));
}

/** Two differences: 12 dB an octave is enough to leave the resonances alone. */
function highPass(samples: Float32Array): Float32Array {
  return samples.map((value, i) => value - 2 * (samples[i - 1] ?? 0) + (samples[i - 2] ?? 0));
}

/** Amplitude at one frequency; the rotating phasor spares a sine and a cosine a sample. */
function dft(signal: Float32Array, mean: number, hz: number): number {
  const stepRe = Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ);
  const stepIm = Math.sin((2 * Math.PI * hz) / SAMPLE_RATE_HZ);
  let [phaseRe, phaseIm, re, im] = [1, 0, 0, 0];
  for (const value of signal) {
    re += (value - mean) * phaseRe;
    im += (value - mean) * phaseIm;
    const turned = phaseRe * stepRe - phaseIm * stepIm;
    phaseIm = phaseRe * stepIm + phaseIm * stepRe;
    phaseRe = turned;
  }
  return Math.hypot(re, im);
}
