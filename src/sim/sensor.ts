/** What is wrong with a bearing, by the part that carries the defect. */
export const FAULTS = ['none', 'inner', 'outer', 'ball'] as const;
export type Fault = (typeof FAULTS)[number];

/** The sample rate of every virtual sensor: that of CWRU's drive-end recordings. */
export const SAMPLE_RATE_HZ = 12_000;

/** A virtual vibration sensor: one channel, in g, at SAMPLE_RATE_HZ. */
export interface VibrationSensor {
  readonly key: string;
  /** What a perfect judge would say of it in the end; undefined: nobody knows. */
  readonly fault: Fault | undefined;
  /** Shaft speed right now, revolutions per minute. */
  readonly rpm: number;
  /** The next samples, going on where the last call ended. Fewer than `count`: the source has ended. */
  next(count: number): Float32Array;
}

/** How many windows a stream of so many samples completes, without gaps. */
export function windowsDue(samples: number, window: number, hop: number): number {
  return samples < window ? 0 : 1 + Math.floor((samples - window) / hop);
}
