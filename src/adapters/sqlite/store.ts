import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { FactTable } from './fact-table.ts';
import { PAGE_BYTES } from './limits.ts';
import { type StoredRow, unseal } from './rows.ts';
import { QUARANTINE_PAYLOAD_BYTES, QUARANTINE_ROWS, ROUTE_OF_TOPIC } from './schema.ts';

const COLUMNS = 'seq, id, class, topic, created_at, tries, checksum, correlation, payload';

/** Of the space that a row takes, what is not payload, topic or id: integers, headers and its index entries. */
export const ROW_OVERHEAD_BYTES = 64;

export const SQL = {
  insert: `INSERT INTO messages (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  page: `SELECT ${COLUMNS} FROM messages WHERE seq > ? ORDER BY seq LIMIT ?`,
  pageOfRoute: `SELECT ${COLUMNS} FROM messages WHERE ${ROUTE_OF_TOPIC} = ? AND seq > ? ORDER BY seq LIMIT ?`,
  find: 'SELECT class, tries FROM messages WHERE seq = ?',
  remove: 'DELETE FROM messages WHERE seq = ?',
  setTries: 'UPDATE messages SET tries = ? WHERE seq = ?',
  victims: `SELECT seq, class, length(payload) + length(id) * 2 + length(topic) AS bytes
    FROM messages WHERE class <= ? ORDER BY class, seq`,
  setAside: `INSERT INTO quarantine (seq, id, class, topic, created_at, payload, reason, at)
    SELECT seq, id, class, topic, created_at, substr(payload, 1, ${QUARANTINE_PAYLOAD_BYTES}), ?, ?
    FROM messages WHERE seq = ?`,
  trimQuarantine: `DELETE FROM quarantine WHERE n <= (SELECT max(n) FROM quarantine) - ${QUARANTINE_ROWS}`,
  emptyQuarantine: 'DELETE FROM quarantine',
  counts: 'SELECT class, count(*) AS n FROM messages GROUP BY class',
  lastSeq: "SELECT seq FROM sqlite_sequence WHERE name = 'messages'",
  pageCount: 'PRAGMA page_count',
  freePages: 'PRAGMA freelist_count',
} as const;

export type Victim = { readonly seq: number; readonly rank: number };

/** The tables of one open file. Knows rows and counts them; knows nothing of transactions or of what is pending. */
export class Store {
  readonly db: DatabaseSync;
  readonly facts: FactTable;
  /** Messages by rank. Counted once when the file is opened, kept up to date by every change. */
  readonly counts = new Map<number, number>();
  lastSeq: number;
  #maxPages: number;
  readonly #sql: Readonly<Record<keyof typeof SQL, StatementSync>>;

  constructor({ db, maxPages, afterSeq }: { db: DatabaseSync; maxPages: number; afterSeq: number }) {
    this.db = db;
    this.#maxPages = maxPages;
    this.#sql = prepareAll(db);
    this.#sql.page.setReadBigInts(true);
    this.#sql.pageOfRoute.setReadBigInts(true);
    this.facts = new FactTable(db);
    this.lastSeq = Math.max(afterSeq, Number(this.#sql.lastSeq.get()?.['seq'] ?? 0));
    this.recount();
  }

  /** Counts anew, after a rollback or a damaged row made the counters doubtful. */
  recount(): void {
    this.counts.clear();
    for (const row of this.#sql.counts.all()) this.counts.set(Number(row['class']), Number(row['n']));
    this.facts.recount();
  }

  /** False when a message with this id is queued already. */
  insert(row: StoredRow): boolean {
    const { seq, id, rank, topic, createdAt, tries, checksum, correlationData, payload } = row;
    const values = [seq, id, rank, topic, createdAt, tries, checksum, correlationData ?? null, payload];
    const inserted = this.#sql.insert.run(...values).changes === 1;
    if (inserted) this.#count(rank, 1);
    this.lastSeq = Math.max(this.lastSeq, seq);
    return inserted;
  }

  /** `routeCodes`: only the rows whose topics name these buses. */
  page(afterSeq: number, limit: number, routeCodes?: readonly number[]): StoredRow[] {
    if (routeCodes === undefined) return this.#sql.page.all(afterSeq, limit).map(unseal);
    // One query each: with several in one, SQLite would sort all that waits.
    return routeCodes
      .flatMap((code) => this.#sql.pageOfRoute.all(code, afterSeq, limit))
      .sort((a, b) => Number(a['seq']) - Number(b['seq']))
      .slice(0, limit)
      .map(unseal);
  }

  find(seq: number): { rank: number; tries: number } | undefined {
    const row = this.#sql.find.get(seq);
    return row && { rank: Number(row['class']), tries: Number(row['tries']) };
  }

  remove({ seq, rank }: Victim): boolean {
    const removed = this.#sql.remove.run(seq).changes === 1;
    if (removed) this.#count(rank, -1);
    return removed;
  }

  setTries(seq: number, tries: number): void {
    this.#sql.setTries.run(tries, seq);
  }

  setAside(seq: number, reason: string, nowMs: number): void {
    this.#sql.setAside.run(reason, nowMs, seq);
    this.#sql.trimQuarantine.run();
  }

  emptyQuarantine(): void {
    this.#sql.emptyQuarantine.run();
  }

  /** The oldest rows of the lowest classes up to `rank`, so many and so large; none when all of them are not enough. */
  victims(rank: number, rows: number, bytes: number): Victim[] {
    const found: Victim[] = [];
    let sum = 0;
    for (const row of this.#sql.victims.iterate(rank)) {
      found.push({ seq: Number(row['seq']), rank: Number(row['class']) });
      sum += Number(row['bytes']) + ROW_OVERHEAD_BYTES;
      if (sum >= bytes && found.length >= rows) return found;
    }
    return [];
  }

  rows(): number {
    let rows = 0;
    for (const n of this.counts.values()) rows += n;
    return rows;
  }

  /** Writes the log back into the database, so that the next commit starts it anew. */
  emptyLog(): void {
    this.db.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  usedPages(): number {
    return this.#pageCount() - Number(this.#sql.freePages.get()?.['freelist_count']);
  }

  freePages(): number {
    return this.#maxPages - this.usedPages();
  }

  usedBytes(): number {
    return this.usedPages() * PAGE_BYTES;
  }

  /** Lets the file grow by so many pages and no further. */
  capGrowth(pages: number): void {
    this.capPages(Math.min(this.#maxPages, this.#pageCount() + pages));
  }

  capPages(maxPages: number): void {
    this.#maxPages = maxPages;
    this.db.exec(`PRAGMA max_page_count = ${this.#maxPages}`);
  }

  close(): void {
    this.db.close();
  }

  #pageCount(): number {
    return Number(this.#sql.pageCount.get()?.['page_count']);
  }

  #count(rank: number, change: number): void {
    this.counts.set(rank, Math.max(0, (this.counts.get(rank) ?? 0) + change));
  }
}

function prepareAll(db: DatabaseSync): Record<keyof typeof SQL, StatementSync> {
  const prepared = Object.entries(SQL).map(([name, sql]) => [name, db.prepare(sql)]);
  return Object.fromEntries(prepared) as Record<keyof typeof SQL, StatementSync>;
}
