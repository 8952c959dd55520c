/** Odd, so that the delay is a whole sample. */
const TAPS = 129;
/** Where CWRU's 12 kHz recordings were cut off too. */
const CUTOFF_HZ = 5500;

/** Lowers a sample rate by a whole factor, behind a low-pass filter (windowed sinc, Hamming). As scripts/train/cwru.py. */
export function decimate(samples: Float32Array, sampleRateHz: number, factor: number): Float32Array {
  const taps = lowPass(CUTOFF_HZ / sampleRateHz);
  const out = new Float32Array(Math.max(0, Math.floor((samples.length - TAPS) / factor) + 1));
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (let k = 0; k < TAPS; k++) sum += (taps[k] ?? 0) * (samples[i * factor + k] ?? 0);
    out[i] = sum;
  }
  return out;
}

/** `cutoff` as a share of the sample rate. The gain is 1 at 0 Hz. */
function lowPass(cutoff: number): Float64Array {
  const taps = Float64Array.from({ length: TAPS }, (_, k) => {
    const t = k - (TAPS - 1) / 2;
    const sinc = t === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * t) / (Math.PI * t);
    return sinc * (0.54 - 0.46 * Math.cos((2 * Math.PI * k) / (TAPS - 1)));
  });
  const gain = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / gain);
}
