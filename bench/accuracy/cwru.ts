import { ok, type Result } from '../../src/domain/errors.ts';
import { readRecordings } from '../../src/sim/replay.ts';
import type { Sample } from './figures.ts';

/** The labels of bearing-fault, in its order, by what the name of a recording tells. */
const LABELS = ['none', 'inner', 'outer', 'ball'] as const;

/** The training ends at 60 %, its validation part at 70 %; the test part begins one window later. */
const TEST_FROM = 0.7;

/** Windows of the last 30 % of every recording, which no training has seen. With a hop of half a window they overlap. */
export async function cwruTestWindows(folder: string, window: number, hop: number): Promise<Result<readonly Sample[]>> {
  const recordings = await readRecordings(folder);
  if (!recordings.ok) return recordings;
  const samples: Sample[] = [];
  for (const { samples: recording, fault } of recordings.value) {
    if (fault === undefined) continue;
    const truth = LABELS.indexOf(fault);
    const first = Math.floor(recording.length * TEST_FROM) + window;
    for (let start = first; start + window <= recording.length; start += hop) {
      samples.push({ input: recording.subarray(start, start + window), truth });
    }
  }
  return ok(samples);
}
