import { join } from 'node:path';
import { ok, type Result } from '../../src/domain/errors.ts';
import { decimate } from './decimate.ts';
import type { Sample } from './figures.ts';
import { readData } from './read-data.ts';

/** Recording -> label of bearing-fault (0 normal, 1 inner, 2 outer, 3 ball). */
const RECORDINGS = {
  '1797_Normal_DE': 0,
  '1797_IR_7_DE12_DE': 1,
  '1797_IR_14_DE12_DE': 1,
  '1797_IR_21_DE12_DE': 1,
  '1797_ORat6_7_DE12_DE': 2,
  '1797_ORat6_14_DE12_DE': 2,
  '1797_ORat6_21_DE12_DE': 2,
  '1797_B_7_DE12_DE': 3,
  '1797_B_14_DE12_DE': 3,
  '1797_B_21_DE12_DE': 3,
} as const;

/** The baseline was sampled at 48 kHz, its neighbours at 12: scripts/train/check_normal_rate.py shows it. */
const NORMAL_RATE_HZ = 48_000;
const NORMAL_FACTOR = 4;
/** The training ends at 60 %, its validation part at 70 %; the test part begins one window later. */
const TEST_FROM = 0.7;

/** Windows of the last 30 % of every recording, which no training has seen. With a hop of half a window they overlap. */
export async function cwruTestWindows(folder: string, window: number, hop: number): Promise<Result<readonly Sample[]>> {
  const samples: Sample[] = [];
  for (const [name, label] of Object.entries(RECORDINGS)) {
    const read = await readData(join(folder, `${name}.f32`));
    if (!read.ok) return read;
    const raw = new Float32Array(read.value.buffer);
    const recording = name.includes('Normal') ? decimate(raw, NORMAL_RATE_HZ, NORMAL_FACTOR) : raw;
    const first = Math.floor(recording.length * TEST_FROM) + window;
    for (let start = first; start + window <= recording.length; start += hop) {
      samples.push({ input: recording.subarray(start, start + window), truth: label });
    }
  }
  return ok(samples);
}
