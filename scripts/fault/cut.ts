import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import type { LifeOptions } from './device.ts';
import { readDisk } from './disk.ts';
import { describe, type Point } from './journal.ts';
import { judgeAnswers, judgeDisk, judgeEnd } from './judge.ts';
import { type Life, live } from './life.ts';
import type { Path } from './paths.ts';

/** Where the device is cut off: a point for each of its lives, and then it is left alone. */
export type Plan = { readonly path: Path; readonly cuts: readonly (number | string)[] };

/** What came of it. One row of the table. */
export type Row = {
  readonly path: string;
  /** Every point where it was cut off. */
  readonly points: readonly string[];
  /** The state on the disk after each cut. */
  readonly found: readonly string[];
  readonly outcome: string;
  readonly active: string;
  readonly answers: number;
  readonly violations: readonly string[];
};

export type Ground = {
  readonly folder: string;
  readonly isolation: LifeOptions['isolation'];
  /** Of a device on which `from` of the path is active. */
  readonly before: (path: Path) => string | undefined;
};

/** Cuts a fresh device off as planned, then lets it live to its end, and looks at every step. */
export async function cut({ folder, isolation, before }: Ground, { path, cuts }: Plan, name: string): Promise<Row> {
  const stateDir = join(folder, 'devices', name);
  const from = before(path);
  if (from !== undefined) await cp(from, stateDir, { recursive: true });
  const points: string[] = [];
  const found: string[] = [];
  const violations: string[] = [];
  let answers = 0;
  for (const [index, cutAt] of [...cuts, undefined].entries()) {
    const atStart = await readDisk(folder, stateDir);
    const life = await live({
      folder,
      stateDir,
      journal: `${stateDir}.life-${index}`,
      candidate: path.from && path.candidate,
      cutAt,
      isolation,
    });
    const disk = await readDisk(folder, stateDir);
    violations.push(...judgeAnswers(life.entries, atStart.record));
    answers += life.entries.filter((entry) => 'answer' in entry).length;
    if (life.end === 'failed') violations.push(`it ended by itself: ${life.log.trim().split('\n').at(-1)}`);
    if (life.end === 'cut') {
      points.push(...pointsOf(life).slice(-1).map(describe));
      found.push(disk.record?.state ?? 'nothing');
      violations.push(...judgeDisk(disk, life.entries, atStart, path));
      continue;
    }
    // Fewer points were left than the plan says: it came to its end before the second cut.
    violations.push(...disk.faults, ...judgeEnd(disk.record, path));
    const outcome = disk.record?.last?.outcome ?? 'none';
    const active = disk.record?.active?.version ?? 'none';
    return { path: path.name, points, found, outcome, active, answers, violations };
  }
  return {
    path: path.name,
    points,
    found,
    outcome: 'none',
    active: 'none',
    answers,
    violations: ['it was cut off without a cut'],
  };
}

export function pointsOf({ entries }: Life): readonly Point[] {
  return entries.flatMap((entry) => ('point' in entry ? [entry.point] : []));
}
