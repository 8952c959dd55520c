import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../domain/errors.ts';
import { decimate } from './decimate.ts';
import { FAULTS, type Fault, SAMPLE_RATE_HZ, type VibrationSensor } from './sensor.ts';

/** Recordings live in memory whole: CWRU's longest is 1 MB. */
const MAX_RECORDING_BYTES = 64 * 2 ** 20;
const MAX_RECORDINGS = 64;
const MAX_KEY_LENGTH = 64;
const DEFAULT_RPM = 1797;
/**
 * CWRU recorded its normal bearing at 48 kHz, whatever the lists of its files say: only so do the lines of its spectrum
 * lie where those of the nine other recordings of the same machine do (scripts/train/check_normal_rate.py).
 */
const NORMAL_RATE_HZ = 48_000;

/** A file of samples: little-endian float32 in g, at SAMPLE_RATE_HZ. */
export type Recording = {
  readonly key: string;
  readonly fault: Fault | undefined;
  readonly rpm: number;
  readonly samples: Float32Array;
};

/** Reads every `*.f32` of a folder, in the order of their names. One bad file refuses all: a demo must not lie. */
export async function readRecordings(folder: string): Promise<Result<readonly Recording[]>> {
  let names: string[];
  try {
    names = (await readdir(folder)).filter((name) => name.endsWith('.f32')).sort();
  } catch (error) {
    return fail('E_FILE_MISSING', folder, error);
  }
  if (names.length === 0) return fail('E_FILE_MISSING', `${folder} holds no *.f32 file`);
  if (names.length > MAX_RECORDINGS)
    return fail('E_RECORDING_INVALID', `${folder} holds more than ${MAX_RECORDINGS} files`);

  const recordings = new Map<string, Recording>();
  for (const name of names) {
    const read = await readRecording(folder, name);
    if (!read.ok) return read;
    if (recordings.has(read.value.key)) return fail('E_RECORDING_INVALID', `two files make the key ${read.value.key}`);
    recordings.set(read.value.key, read.value);
  }
  return ok([...recordings.values()]);
}

async function readRecording(folder: string, name: string): Promise<Result<Recording>> {
  const path = join(folder, name);
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > MAX_RECORDING_BYTES) return fail('E_RECORDING_INVALID', `${path} has ${size} bytes`);
    bytes = await readFile(path);
  } catch (error) {
    return fail('E_FILE_MISSING', path, error);
  }
  if (bytes.length === 0) return fail('E_RECORDING_INVALID', `${path} is empty`);
  if (bytes.length % 4 !== 0)
    return fail('E_RECORDING_INVALID', `${path} has ${bytes.length} bytes, not a multiple of 4`);
  // A copy, because a pooled Buffer may start at an address that float32 cannot.
  const samples = new Float32Array(new Uint8Array(bytes).buffer);
  const bad = samples.findIndex((value) => !Number.isFinite(value));
  if (bad !== -1) return fail('E_RECORDING_INVALID', `${path}: sample ${bad} is ${samples[bad]}`);
  const about = readName(name);
  const normal = about.fault === 'none';
  return ok({
    ...about,
    samples: normal ? decimate(samples, NORMAL_RATE_HZ, NORMAL_RATE_HZ / SAMPLE_RATE_HZ) : samples,
  });
}

/** What stands in a name of the CWRU layout: `1797_ORat6_7_DE12_DE.f32` is speed, fault and its size in mil. */
export function readName(name: string): Omit<Recording, 'samples'> {
  const stem = name.replace(/\.f32$/, '');
  const parts = stem.split('_');
  const rpm = parts.find((part) => /^\d{3,5}$/.test(part));
  return {
    key: stem.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, MAX_KEY_LENGTH),
    fault: parts.map((part) => FAULT_OF.get(part.replace(/at\d+$/, ''))).find((fault) => fault !== undefined),
    rpm: rpm === undefined ? DEFAULT_RPM : Number(rpm),
  };
}

const FAULT_OF: ReadonlyMap<string, Fault> = new Map([
  ['Normal', 'none'],
  ['IR', 'inner'],
  ['B', 'ball'],
  ['OR', 'outer'],
]);

/** Picks `count` recordings so that every fault has its turn, the healthy first; all of them if there are fewer. */
export function pickRecordings(recordings: readonly Recording[], count: number): readonly Recording[] {
  const kinds = [...FAULTS, undefined].map((fault) => recordings.filter((recording) => recording.fault === fault));
  const longest = Math.max(...kinds.map((kind) => kind.length));
  const inTurn = Array.from({ length: longest }, (_, i) => kinds.flatMap((kind) => kind.slice(i, i + 1))).flat();
  return inTurn.slice(0, count);
}

export type ReplayOptions = {
  /** Where to start, as a share of the recording, 0 to 1. */
  readonly offset?: number;
  /** Starts again at the beginning when the end is reached; without it the sensor ends there. */
  readonly loop?: boolean;
};

/** Plays a recording as if it were a sensor. */
export class Replay implements VibrationSensor {
  readonly key: string;
  readonly fault: Fault | undefined;
  readonly rpm: number;
  readonly #samples: Float32Array;
  readonly #loop: boolean;
  #at: number;

  constructor(recording: Recording, options: ReplayOptions = {}) {
    this.key = recording.key;
    this.fault = recording.fault;
    this.rpm = recording.rpm;
    this.#samples = recording.samples;
    this.#loop = options.loop ?? false;
    this.#at = Math.floor((options.offset ?? 0) * recording.samples.length);
  }

  next(count: number): Float32Array {
    if (!this.#loop) return this.#take(count);
    const samples = new Float32Array(count);
    for (let filled = 0; filled < count; ) {
      if (this.#at >= this.#samples.length) this.#at = 0;
      const part = this.#take(count - filled);
      samples.set(part, filled);
      filled += part.length;
    }
    return samples;
  }

  #take(count: number): Float32Array {
    const part = this.#samples.slice(this.#at, this.#at + count);
    this.#at += part.length;
    return part;
  }
}
