import { closeSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Limits, PAGE_BYTES } from './limits.ts';
import { ROUTE_INDEX, SCHEMA, SCHEMA_VERSION } from './schema.ts';
import { DamagedFile, troubleOf } from './sqlite-errors.ts';

/** A predecessor that is just ending may hold the lock for a moment; one that runs holds it for good. */
const LOCK_WAIT_MS = 250;

/**
 * Opens the file for one writer and makes the tables in a new one. Throws what SQLite throws; DamagedFile when the
 * file opens and is not sound.
 *
 * The lock is a POSIX lock of this process: kill -9 frees it. No other code of this process may open and close the
 * same file, since that would free it too.
 */
export function openFile(file: string, limits: Limits): DatabaseSync {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const db = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
  try {
    configure(db, limits);
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
    if (version === 0) createTables(db, file);
    else if (version !== SCHEMA_VERSION) throw new DamagedFile(`schema version ${version}`);
    else check(db);
    indexRoutes(db);
    return db;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

function configure(db: DatabaseSync, limits: Limits): void {
  // EXCLUSIVE before WAL: the index of the log then lives in memory, and a second agent is refused.
  // cache_spill off: a transaction writes nothing before its COMMIT, so it meets a full disk only there.
  db.exec(`
    PRAGMA page_size = ${PAGE_BYTES};
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_spill = OFF;
    PRAGMA max_page_count = ${limits.maxPages};
    PRAGMA wal_autocheckpoint = ${limits.checkpointFrames};
    PRAGMA journal_size_limit = ${limits.walBytes};
  `);
}

function createTables(db: DatabaseSync, file: string): void {
  const tables = db.prepare('SELECT count(*) AS n FROM sqlite_schema').get()?.['n'];
  if (tables !== 0) throw new DamagedFile('tables without a version');
  db.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT;`);
  syncFolder(dirname(file));
}

function check(db: DatabaseSync): void {
  const verdict = db.prepare('PRAGMA quick_check(1)').get()?.['quick_check'];
  if (verdict !== 'ok') throw new DamagedFile(String(verdict));
}

/** Gives a file of an agent that knew one bus the index of routes. Where there is no room for it, the next start tries again. */
function indexRoutes(db: DatabaseSync): void {
  try {
    db.exec(ROUTE_INDEX);
  } catch (thrown) {
    if (troubleOf(thrown) !== 'full') throw thrown;
  }
}

/** Makes new, renamed and removed names in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
