import { fail } from '../../domain/errors.ts';
import type { MessageClass } from '../../domain/message.ts';
import { PAGE_BYTES } from './limits.ts';
import type { Gone, Pending, Put } from './pending.ts';
import { seal } from './rows.ts';
import { classOf } from './schema.ts';
import { type Trouble, troubleOf } from './sqlite-errors.ts';
import type { Store, Victim } from './store.ts';
import { CommitFailed, Transactions } from './transactions.ts';

/** Pages that setting a row aside may take. With fewer free the row goes without leaving evidence. */
const EVIDENCE_PAGES = 4;

/** Why a flush did not come to its end. `cap` is our own limit, met in spite of the estimate; `full` is the disk. */
export type FlushTrouble = { readonly kind: 'cap' | Trouble; readonly put: Put | undefined; readonly cause: unknown };

export type WriterEvents = {
  readonly dropped: (messageClass: MessageClass) => void;
  readonly inserted: (rows: number) => void;
};

/** Carries what is pending into the file: first what frees space, then what needs it. */
export class Writer {
  readonly #pending: Pending;
  readonly #maxRows: number;
  readonly #maxFacts: number;
  readonly #opsPerCommit: number;
  readonly #on: WriterEvents;

  constructor(o: { pending: Pending; maxRows: number; maxFacts: number; opsPerCommit: number; on: WriterEvents }) {
    this.#pending = o.pending;
    this.#maxRows = o.maxRows;
    this.#maxFacts = o.maxFacts;
    this.#opsPerCommit = o.opsPerCommit;
    this.#on = o.on;
  }

  /** Commits what is pending. On trouble, what was not committed yet stays pending. */
  flush(store: Store, nowMs: number): FlushTrouble | undefined {
    const work = new Transactions({ db: store.db, opsPerCommit: this.#opsPerCommit });
    let put: Put | undefined;
    try {
      for (const [seq, gone] of this.#pending.gone) this.#takeOut(store, work, seq, gone, nowMs);
      for (const [seq, tries] of this.#pending.tries) this.#noteTries(store, work, seq, tries);
      for (put of this.#pending.puts) {
        if (this.#makeRoom(store, work, put)) this.#write(store, work, put, nowMs);
        else this.#pending.settle(put, fail('E_OUTBOX_FULL'));
      }
      work.commit();
      return undefined;
    } catch (thrown) {
      return undo(store, work, thrown) ?? sort(thrown, put);
    }
  }

  #takeOut(store: Store, work: Transactions, seq: number, gone: Gone, nowMs: number): void {
    work.run(1, () => {
      const { rank, why } = gone;
      if (why !== undefined && store.freePages() >= EVIDENCE_PAGES) {
        store.setAside(seq, `${why.code} ${why.message}`, nowMs);
      }
      store.remove({ seq, rank });
      // The class of a damaged row may be the very thing that is wrong.
      if (why?.code === 'E_OUTBOX_CORRUPT') store.recount();
      return () => this.#pending.gone.delete(seq);
    });
  }

  #noteTries(store: Store, work: Transactions, seq: number, tries: number): void {
    // A larger number can make a row longer by a byte, and a page split. It waits in memory until there is room.
    if (store.freePages() < EVIDENCE_PAGES) return;
    work.run(1, () => {
      store.setTries(seq, tries);
      return () => this.#pending.tries.delete(seq);
    });
  }

  /**
   * Drops evidence first, then the oldest rows of the lowest class that is not above the put's own. False when that
   * cannot give enough. Pages are shared between classes, so rows may rarely be dropped and the put still refused.
   */
  #makeRoom(store: Store, work: Transactions, put: Put): boolean {
    if (this.#fits(store, put)) return true;
    if (store.freePages() < put.pages) work.run(1, () => void store.emptyQuarantine());
    while (!this.#fits(store, put)) {
      const rows = Math.max(0, store.rows() + put.messages.length - this.#maxRows);
      const bytes = store.freePages() < put.pages ? Math.max(put.bytes, PAGE_BYTES) : 0;
      const victims = store.victims(put.rank, rows, bytes);
      if (victims.length === 0) return false;
      for (const victim of victims) this.#drop(store, work, victim);
    }
    return true;
  }

  #fits(store: Store, put: Put): boolean {
    return store.rows() + put.messages.length <= this.#maxRows && store.freePages() >= put.pages;
  }

  #drop(store: Store, work: Transactions, victim: Victim): void {
    work.run(1, () => {
      store.remove(victim);
      return () => {
        const messageClass = classOf(victim.rank);
        if (messageClass !== undefined) this.#on.dropped(messageClass);
      };
    });
  }

  #write(store: Store, work: Transactions, put: Put, nowMs: number): void {
    if (put.ops > this.#opsPerCommit) {
      work.commit();
      store.emptyLog();
    }
    work.run(put.ops, () => {
      let inserted = 0;
      for (const message of put.messages) {
        if (store.insert(seal(message, ++store.lastSeq, nowMs))) inserted++;
      }
      for (const fact of put.facts) store.facts.write(fact, nowMs);
      store.facts.evict(this.#maxFacts);
      return () => {
        this.#on.inserted(inserted);
        this.#pending.settle(put, { ok: true, value: undefined });
      };
    });
  }
}

function sort(thrown: unknown, put: Put | undefined): FlushTrouble {
  if (thrown instanceof CommitFailed) return { kind: troubleOf(thrown.cause), put, cause: thrown.cause };
  // With cache_spill off nothing but COMMIT writes to the disk: SQLITE_FULL anywhere else is our own cap.
  const kind = troubleOf(thrown);
  return { kind: kind === 'full' ? 'cap' : kind, put, cause: thrown };
}

/** Rolls back and counts anew; both can fail on a damaged file. */
function undo(store: Store, work: Transactions, thrown: unknown): FlushTrouble | undefined {
  try {
    work.rollback();
    store.recount();
    return undefined;
  } catch (second) {
    const cause = new Error('rolling back failed', { cause: thrown });
    return { kind: troubleOf(second), put: undefined, cause };
  }
}
