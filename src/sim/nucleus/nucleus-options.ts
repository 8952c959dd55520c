import { machineTime, type Time } from '../pace.ts';
import type { NucleusEvent } from './nucleus-event.ts';
import type { NucleusMode } from './services.ts';

export type NucleusOptions = {
  /** Everything lies below it; made when it is missing. May be taken up again by a later Nucleus of the same mode. */
  readonly root: string;
  readonly mode: NucleusMode;
  readonly thing: string;
  readonly region?: string;
  /** What stands for AWS IoT Core; without it the device is offline for ever. */
  readonly brokerUrl?: string;
  /** Default: this machine's. */
  readonly architecture?: 'amd64' | 'aarch64';
  readonly onEvent?: (event: NucleusEvent) => void;
  /** What every component finds in its environment besides; the nucleus's own names win. */
  readonly environment?: Readonly<Record<string, string>>;
  /** How long a second of the nucleus is: tests may make it shorter. Default 1,000. */
  readonly secondMs?: number;
  readonly time?: Time;
};

export type FullOptions = NucleusOptions & Required<Pick<NucleusOptions, 'architecture' | 'secondMs' | 'time'>>;

/** Adds what holds where nothing is said. */
export function withDefaults(options: NucleusOptions): FullOptions {
  const {
    architecture = process.arch === 'arm64' ? 'aarch64' : 'amd64',
    secondMs = 1_000,
    time = machineTime,
  } = options;
  return { ...options, architecture, secondMs, time };
}
