import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { ok, type Result } from '../../src/domain/errors.ts';
import type { Sample } from './figures.ts';
import { readData } from './read-data.ts';

/** Channels of turbofan-rul, as sensor numbers of the files. */
const SENSORS = [2, 3, 4, 7, 8, 9, 11, 12, 13, 14, 15, 17, 20, 21];
/** A row is engine, cycle, three settings, then the sensors from 1. */
const FIRST_SENSOR_COLUMN = 5;

/** The last window of each of FD001's test engines, with the cycles that it really had left. */
export async function fd001TestWindows(folder: string, window: number): Promise<Result<readonly Sample[]>> {
  const rows = await readData(join(folder, 'test_FD001.txt.gz'));
  if (!rows.ok) return rows;
  const truth = await readData(join(folder, 'RUL_FD001.txt'));
  if (!truth.ok) return truth;

  const engines = Map.groupBy(numbers(gunzipSync(rows.value)), ([engine]) => engine);
  const left = numbers(truth.value).map(([cycles]) => cycles ?? Number.NaN);
  return ok(
    [...engines.values()].map((cycles, i) => ({
      input: Float32Array.from(cycles.slice(-window).flatMap(sensorsOf)),
      truth: left[i] ?? Number.NaN,
    })),
  );
}

function sensorsOf(row: readonly number[]): number[] {
  return SENSORS.map((number) => row[FIRST_SENSOR_COLUMN + number - 1] ?? Number.NaN);
}

function numbers(text: Uint8Array): number[][] {
  const lines = new TextDecoder().decode(text).trim().split('\n');
  return lines.map((line) => line.trim().split(/\s+/).map(Number));
}
