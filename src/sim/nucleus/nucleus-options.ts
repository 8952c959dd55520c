import { machineTime, type Time } from '../pace.ts';
import type { NucleusEvent } from './nucleus-event.ts';
import type { NucleusMode } from './services.ts';

export type NucleusOptions = {
  /** Everything lies below it; made when it is missing. May be taken up again by a later Nucleus of the same mode. */
  readonly root: string;
  readonly mode: NucleusMode;
  readonly thing: string;
  /** What stands for AWS IoT Core; without it the device is offline for ever. */
  readonly brokerUrl?: string;
  readonly onEvent?: (event: NucleusEvent) => void;
  /** How long a second of the nucleus is: tests may make it shorter. Default 1,000. */
  readonly secondMs?: number;
  readonly time?: Time;
};

export type FullOptions = NucleusOptions & Required<Pick<NucleusOptions, 'secondMs' | 'time'>>;

/** Adds what holds where nothing is said. */
export function withDefaults(options: NucleusOptions): FullOptions {
  const { secondMs = 1_000, time = machineTime } = options;
  return { ...options, secondMs, time };
}
