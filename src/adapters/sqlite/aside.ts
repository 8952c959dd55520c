import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from './open.ts';

/** Damaged files kept to be looked at. Each may be as large as the outbox, so the oldest go. */
const MAX_ASIDE = 3;

const COMPANIONS = ['-wal', '-shm'] as const;

/** Moves a damaged database out of the way and returns its new name. The oldest of too many such files are deleted. */
export function moveAside(file: string, nowMs: number): string {
  const aside = freeName(`${file}.damaged-${new Date(nowMs).toISOString()}`);
  // The database first: SQLite throws away a log that has none, but it would believe a database that lost its log.
  renameSync(file, aside);
  for (const companion of COMPANIONS) {
    if (existsSync(file + companion)) renameSync(file + companion, aside + companion);
  }
  prune(file, aside);
  syncFolder(dirname(file));
  return aside;
}

function freeName(wanted: string): string {
  let name = wanted;
  for (let n = 2; existsSync(name); n++) name = `${wanted}-${n}`;
  return name;
}

function prune(file: string, newest: string): void {
  const folder = dirname(file);
  const older = readdirSync(folder)
    .filter((name) => name.startsWith(`${basename(file)}.damaged-`) && name !== basename(newest))
    .filter((name) => !COMPANIONS.some((companion) => name.endsWith(companion)))
    .sort();
  for (const name of older.slice(0, Math.max(0, older.length - (MAX_ASIDE - 1)))) {
    for (const suffix of ['', ...COMPANIONS]) rmSync(join(folder, name + suffix), { force: true });
  }
}
