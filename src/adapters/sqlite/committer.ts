import { type Failure, fail, failure } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Ballast } from './ballast.ts';
import { type Limits, PAGE_BYTES } from './limits.ts';
import type { Pending, Put } from './pending.ts';
import { failureOf } from './sqlite-errors.ts';
import type { Store } from './store.ts';
import type { Opened, StoreFile } from './store-file.ts';
import type { FlushTrouble, Writer } from './writer.ts';

/** Estimates of a put's room are doubled so often before it is refused. */
const MAX_MISJUDGED = 4;

/** While the disk is full, how often to look whether it still is: each look writes a whole ballast. */
const BALLAST_RETRY_MS = 60_000;

/** Of a dropped ballast, one part in so many may become rows. */
const GROWTH_SHARE = 4;

export type CommitterOptions = {
  readonly file: StoreFile;
  readonly ballast: Ballast;
  readonly limits: Limits;
  readonly pending: Pending;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly log: Log;
};

/** Holds the open store, commits what is pending, and knows a remedy for each trouble. Each is tried once a commit. */
export class Committer {
  store: Store | undefined;
  readonly #o: CommitterOptions;
  #lastSeq = 0;
  #failing = false;
  #ballastRetryMs = 0;

  constructor(options: CommitterOptions) {
    this.#o = options;
  }

  /** Throws an EdgeError when the file can neither be opened nor replaced. */
  open(): string | undefined {
    const opened = this.#o.file.open(this.#lastSeq, this.#o.clock.now());
    this.#adopt(opened, undefined);
    this.#loadBallast();
    if (this.#ballastRetryMs > 0) this.#o.log.warn({}, 'no room on the disk for the ballast of the outbox');
    return opened.movedAside;
  }

  close(): void {
    const store = this.store;
    this.store = undefined;
    if (store === undefined) return;
    this.#lastSeq = store.lastSeq;
    try {
      store.close();
    } catch (thrown) {
      this.#o.log.warn({ error: failureOf(thrown) }, 'outbox did not close cleanly');
    }
  }

  commit(): Failure | undefined {
    const remedied = new Set<FlushTrouble['kind']>();
    for (;;) {
      const trouble = this.#attempt();
      if (trouble === undefined) return this.#recovered();
      if (this.#remedy(trouble, remedied)) continue;
      const failed = failureOf(trouble.cause);
      for (const put of this.#o.pending.puts) this.#o.pending.settle(put, { ok: false, error: failed });
      if (!this.#failing) this.#o.log.error({ error: failed }, 'outbox cannot write');
      this.#failing = true;
      return failed;
    }
  }

  /** Replaces a damaged file by a new one. False when that fails too; the next commit then tries to open again. */
  replace(cause: unknown): boolean {
    this.close();
    try {
      this.#adopt(this.#o.file.replace(this.#lastSeq, this.#o.clock.now()), cause);
      return true;
    } catch (thrown) {
      this.#o.log.error({ error: failureOf(thrown) }, 'outbox could not be replaced');
      return false;
    }
  }

  #attempt(): FlushTrouble | undefined {
    try {
      if (this.store === undefined) this.open();
    } catch (cause) {
      return { kind: 'io', put: undefined, cause };
    }
    return this.store && this.#o.writer.flush(this.store, this.#o.clock.now());
  }

  #remedy(trouble: FlushTrouble, remedied: Set<FlushTrouble['kind']>): boolean {
    const { kind, put, cause } = trouble;
    if (kind === 'cap') return put === undefined ? this.#o.pending.forgetEvidence() : this.#askForMore(put);
    if (remedied.has(kind)) return false;
    remedied.add(kind);
    switch (kind) {
      case 'damaged':
        return this.replace(cause);
      case 'full':
        return this.#lightenDisk();
      case 'locked':
      case 'io':
      case 'bug':
        return false;
      default:
        return kind satisfies never;
    }
  }

  #askForMore(put: Put): boolean {
    put.pages *= 2;
    if (++put.misjudged > MAX_MISJUDGED) this.#o.pending.settle(put, fail('E_OUTBOX_FULL'));
    return true;
  }

  /**
   * Makes do with a full disk: drops the ballast, writes the log back so that its blocks can be used again, and lets
   * the file grow by a part of the ballast only, so that from then on the drop policy finds the room. The rest is for
   * the log: a log that can neither grow nor be written back would end everything.
   */
  #lightenDisk(): boolean {
    const dropped = this.#o.ballast.drop();
    this.#ballastRetryMs = this.#o.clock.monotonic() + BALLAST_RETRY_MS;
    if (dropped) this.#o.log.warn({}, 'disk is full: outbox drops its ballast and stops growing');
    try {
      this.store?.emptyLog();
      this.store?.capGrowth(dropped ? Math.floor(this.#o.limits.ballastBytes / PAGE_BYTES / GROWTH_SHARE) : 0);
      return true;
    } catch {
      return false;
    }
  }

  #recovered(): undefined {
    if (this.#failing) this.#o.log.info({}, 'outbox writes again');
    this.#failing = false;
    if (this.#ballastRetryMs > 0 && this.#o.clock.monotonic() >= this.#ballastRetryMs) this.#loadBallast();
  }

  #loadBallast(): void {
    const loaded = this.#o.ballast.load();
    this.#ballastRetryMs = loaded ? 0 : this.#o.clock.monotonic() + BALLAST_RETRY_MS;
    if (loaded) this.store?.capPages(this.#o.limits.maxPages);
  }

  #adopt({ store, movedAside, salvaged }: Opened, cause: unknown): void {
    this.store = store;
    if (movedAside === undefined) return;
    const error = failure('E_OUTBOX_CORRUPT', undefined, cause);
    this.#o.log.error({ error, movedAside, salvaged }, 'damaged outbox moved aside');
  }
}
