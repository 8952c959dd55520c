import type { DatabaseSync } from 'node:sqlite';

/** Says that COMMIT itself failed: the only moment at which the disk is written, and so may be full. */
export class CommitFailed extends Error {}

/**
 * Runs steps in as few transactions as one commit's share of the log allows. What a step returns is called once its
 * work is durable. When something throws, call `rollback`: the steps of the last transaction are then undone, and
 * nobody was told about them.
 */
export class Transactions {
  readonly #db: DatabaseSync;
  readonly #opsPerCommit: number;
  #ops = 0;
  #whenDurable: (() => void)[] = [];

  constructor({ db, opsPerCommit }: { db: DatabaseSync; opsPerCommit: number }) {
    this.#db = db;
    this.#opsPerCommit = opsPerCommit;
  }

  run(ops: number, step: () => (() => void) | undefined): void {
    if (this.#ops > 0 && this.#ops + ops > this.#opsPerCommit) this.commit();
    if (this.#ops === 0) this.#db.exec('BEGIN IMMEDIATE');
    this.#ops += ops;
    const whenDurable = step();
    if (whenDurable !== undefined) this.#whenDurable.push(whenDurable);
  }

  commit(): void {
    if (this.#ops === 0) return;
    try {
      this.#db.exec('COMMIT');
    } catch (thrown) {
      throw new CommitFailed('the commit failed', { cause: thrown });
    }
    const effects = this.#whenDurable;
    this.#reset();
    for (const effect of effects) effect();
  }

  rollback(): void {
    this.#reset();
    // SQLite may have rolled back by itself: it does so for most kinds of SQLITE_FULL and SQLITE_IOERR.
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
  }

  #reset(): void {
    this.#ops = 0;
    this.#whenDurable = [];
  }
}
