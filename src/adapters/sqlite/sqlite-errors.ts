import { EdgeError, type Failure, failure, toFailure } from '../../domain/errors.ts';

/** Says that a file can be opened and still is not a sound outbox. */
export class DamagedFile extends Error {}

export type Trouble = 'damaged' | 'full' | 'locked' | 'io' | 'bug';

// sqlite.org/rescode.html: the low byte is the primary code.
const PRIMARY: Readonly<Record<number, Trouble>> = {
  1: 'bug', // SQLITE_ERROR
  5: 'locked', // SQLITE_BUSY
  6: 'locked', // SQLITE_LOCKED
  11: 'damaged', // SQLITE_CORRUPT
  13: 'full', // SQLITE_FULL
  19: 'bug', // SQLITE_CONSTRAINT
  21: 'bug', // SQLITE_MISUSE
  25: 'bug', // SQLITE_RANGE
  26: 'damaged', // SQLITE_NOTADB
};

/** SQLITE_IOERR_SHORT_READ and SQLITE_IOERR_CORRUPTFS: the file is shorter than it says, or its blocks are bad. */
const DAMAGED_IO = new Set([522, 8458]);

/** Sorts what node:sqlite throws by what can be done about it. */
export function troubleOf(thrown: unknown): Trouble {
  if (thrown instanceof DamagedFile) return 'damaged';
  if (!(thrown instanceof Error)) return 'bug';
  if ('syscall' in thrown) return 'code' in thrown && thrown.code === 'ENOSPC' ? 'full' : 'io';
  if (!('errcode' in thrown) || typeof thrown.errcode !== 'number') return 'bug';
  if (DAMAGED_IO.has(thrown.errcode)) return 'damaged';
  return PRIMARY[thrown.errcode & 0xff] ?? 'io';
}

/** Tells what was thrown by its code; with `file`, where the trouble is. */
export function failureOf(thrown: unknown, file?: string): Failure {
  if (thrown instanceof EdgeError) return toFailure(thrown);
  const said = thrown instanceof Error ? thrown.message : String(thrown);
  const detail = file === undefined ? said : `${file}: ${said}`;
  const trouble = troubleOf(thrown);
  switch (trouble) {
    case 'damaged':
      return failure('E_OUTBOX_CORRUPT', detail, thrown);
    case 'full':
      return failure('E_OUTBOX_FULL', 'the disk is full', thrown);
    case 'locked':
      return failure('E_STATE_LOCKED', detail, thrown);
    case 'io':
      return failure('E_OUTBOX_IO', detail, thrown);
    case 'bug':
      return toFailure(thrown);
    default:
      return trouble satisfies never;
  }
}
