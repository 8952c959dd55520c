import { EdgeError, type Failure, fail, failure, ok, type Result } from '../../domain/errors.ts';
import type { MessageClass, OutMessage } from '../../domain/message.ts';
import type { Route } from '../../domain/route.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { type Fact, MAX_PER_PUT, type Outbox, type OutboxRow, type OutboxStats } from '../../ports/outbox.ts';
import { Ballast } from './ballast.ts';
import { Committer } from './committer.ts';
import { GroupCommit } from './group-commit.ts';
import { type Limits, MIN_OUTBOX_BYTES, shareOut } from './limits.ts';
import { readPage } from './page.ts';
import { measure, Pending } from './pending.ts';
import { routeCode } from './schema.ts';
import { failureOf, troubleOf } from './sqlite-errors.ts';
import type { Store } from './store.ts';
import { StoreFile } from './store-file.ts';
import { Tally } from './tally.ts';
import { Writer } from './writer.ts';

/** How long a put waits for others to share its commit: near the cost of one fsync on eMMC, far below a reading's budget. */
const DEFAULT_COMMIT_MS = 5;

/** Beyond it even small rows make deep indices; a day of a message a second fits. */
const DEFAULT_MAX_ROWS = 100_000;

/** Deletes and failed attempts may be lost in a crash, so they wait for a put to ride along with; not for ever. */
const LAZY_COMMIT_MS = 50;

/** After a commit that failed, what must still be deleted is tried again so often. */
const RETRY_COMMIT_MS = 1_000;

export type SqliteOutboxOptions = {
  readonly file: string;
  /** Cap of database, log and ballast together; at least MIN_OUTBOX_BYTES. */
  readonly maxBytes: number;
  readonly maxRows?: number | undefined;
  readonly maxFacts: number;
  readonly maxTries: number;
  readonly commitMs?: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
};

/** The outbox in one SQLite file. Payloads are read at the commit: the caller leaves them unchanged until then. */
export class SqliteOutbox implements Outbox {
  readonly #o: SqliteOutboxOptions;
  readonly #limits: Limits;
  readonly #pending = new Pending();
  readonly #committer: Committer;
  readonly #group: GroupCommit;
  readonly #listeners = new Set<() => void>();
  readonly #tally = new Tally();
  #inserted = 0;
  #running = false;

  constructor(options: SqliteOutboxOptions) {
    this.#o = options;
    const { file, maxRows = DEFAULT_MAX_ROWS, maxFacts, clock, log } = options;
    const limits = shareOut(options.maxBytes);
    this.#limits = limits;
    const pending = this.#pending;
    const on = {
      dropped: (messageClass: MessageClass) => void this.#tally.dropped[messageClass]++,
      inserted: (rows: number) => {
        this.#inserted += rows;
      },
    };
    this.#committer = new Committer({
      file: new StoreFile({ file, limits }),
      ballast: new Ballast({ file: `${file}.ballast`, bytes: limits.ballastBytes }),
      writer: new Writer({ pending, maxRows, maxFacts, opsPerCommit: limits.batchOps, on }),
      limits,
      pending,
      clock,
      log,
    });
    this.#group = new GroupCommit({ clock, commit: () => this.#commit() });
  }

  async start(): Promise<{ readonly movedAside: string | undefined }> {
    if (this.#running) return { movedAside: undefined };
    if (this.#o.maxBytes < MIN_OUTBOX_BYTES) {
      throw new EdgeError(failure('E_CONFIG_INVALID', `an outbox needs at least ${MIN_OUTBOX_BYTES} bytes`));
    }
    const movedAside = this.#committer.open();
    this.#running = true;
    return { movedAside };
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#group.now();
    this.#group.cancel();
    this.#committer.close();
  }

  put(messages: readonly OutMessage[], facts: readonly Fact[] = []): Promise<Result<void>> {
    if (!this.#running) return Promise.resolve(fail('E_OUTBOX_CLOSED'));
    const size = measure(messages, facts);
    const { batchOps, batchBytes } = this.#limits;
    if (size.ops === 0) return Promise.resolve(ok(undefined));
    if (size.ops > MAX_PER_PUT || size.bytes > batchBytes) {
      const limit = `one put may hold ${MAX_PER_PUT} messages and facts and ${batchBytes} bytes`;
      return Promise.resolve(fail('E_OUTBOX_FULL', limit));
    }
    return new Promise((settle) => {
      this.#pending.add({ ...size, settle });
      const { ops, bytes } = this.#pending.load;
      if (ops >= batchOps || bytes >= batchBytes) this.#group.now();
      else this.#group.within(this.#o.commitMs ?? DEFAULT_COMMIT_MS);
    });
  }

  next(afterSeq: number, limit: number, routes?: readonly (Route | undefined)[]): readonly OutboxRow[] {
    const wanted = { afterSeq, limit, routeCodes: routes?.map(routeCode) };
    const page = this.#read((store) => readPage(store, this.#pending, wanted));
    for (const { seq, rank } of page?.damaged ?? []) {
      this.#tally.damaged++;
      this.#o.log.error({ seq }, 'outbox row is damaged: set aside, not sent');
      this.#takeOut(seq, rank, failure('E_OUTBOX_CORRUPT', 'the checksum of the row is wrong'));
    }
    return page?.rows ?? [];
  }

  done(seqs: readonly number[]): void {
    this.#read((store) => {
      for (const seq of seqs) {
        const row = this.#pending.gone.has(seq) ? undefined : store.find(seq);
        if (row !== undefined) this.#takeOut(seq, row.rank, undefined);
      }
    });
  }

  failed(seq: number, reason: Failure): boolean {
    const quarantined = this.#read((store) => {
      const row = this.#pending.gone.has(seq) ? undefined : store.find(seq);
      if (row === undefined) return false;
      const tries = (this.#pending.tries.get(seq) ?? row.tries) + 1;
      this.#pending.tries.set(seq, tries);
      this.#group.within(LAZY_COMMIT_MS);
      if (tries < this.#o.maxTries) return false;
      this.#takeOut(seq, row.rank, reason);
      this.#tally.quarantined++;
      return true;
    });
    return quarantined ?? false;
  }

  facts(prefix: string): ReadonlyMap<string, string> {
    const found = this.#read((store) => store.facts.list(prefix));
    if (found === undefined) return new Map();
    if (found.damaged.length > 0) {
      this.#o.log.error({ names: found.damaged }, 'damaged facts are not believed');
      this.#tally.damaged += found.damaged.length;
    }
    return found.facts;
  }

  stats(): OutboxStats {
    const bytes = this.#read((store) => store.usedBytes()) ?? 0;
    return this.#tally.stats(this.#committer.store, this.#pending, bytes);
  }

  onPut(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #takeOut(seq: number, rank: number, why: Failure | undefined): void {
    this.#pending.gone.set(seq, { rank, why });
    this.#group.within(this.#pending.gone.size >= this.#limits.batchOps ? 0 : LAZY_COMMIT_MS);
  }

  /** Reads from the file. A damaged one is replaced and read once more; nothing here throws for what a disk does. */
  #read<T>(read: (store: Store) => T): T | undefined {
    for (const retry of [true, false]) {
      const { store } = this.#committer;
      if (!this.#running || store === undefined) return undefined;
      try {
        return read(store);
      } catch (thrown) {
        const trouble = troubleOf(thrown);
        if (trouble === 'bug') throw thrown;
        if (trouble === 'damaged' && retry && this.#committer.replace(thrown)) continue;
        this.#o.log.error({ error: failureOf(thrown) }, 'outbox cannot be read');
        return undefined;
      }
    }
    return undefined;
  }

  #commit(): void {
    if (this.#pending.empty) return;
    this.#inserted = 0;
    const failed = this.#committer.commit();
    if (failed !== undefined && this.#running) this.#group.within(RETRY_COMMIT_MS);
    if (this.#inserted === 0) return;
    for (const listener of this.#listeners) listener();
  }
}
