import type { Failure, Result } from '../domain/errors.ts';
import type { MessageClass, OutMessage } from '../domain/message.ts';
import type { Route } from '../domain/route.ts';

/**
 * A small durable fact, written in the same transaction as a message, so that both or neither survive a power cut:
 * an alarm and "this alarm was raised", a reply and "this command was done". `value: null` forgets it.
 */
export type Fact = { readonly name: string; readonly value: string | null };

/**
 * Messages and facts that one `put` may hold: it is one transaction, and must stay short. A model's largest batch of
 * results fits, and so do the alarms of a thousand sensors.
 */
export const MAX_PER_PUT = 1_024;

export type OutboxRow = OutMessage & {
  /** Grows with every message: the order of sending within a class. */
  readonly seq: number;
  /** Failed attempts so far. */
  readonly tries: number;
};

export type OutboxStats = {
  /** The highest seq given so far, 0 before the first. */
  readonly newestSeq: number;
  readonly rows: number;
  readonly rowsByClass: Readonly<Record<MessageClass, number>>;
  /** Bytes of the database in use. */
  readonly bytes: number;
  readonly dropped: Readonly<Record<MessageClass, number>>;
  readonly quarantined: number;
  /** Rows whose checksum was wrong, set aside instead of sent. */
  readonly damaged: number;
};

/**
 * The durable queue of what must reach the outside, and the device's small durable facts.
 *
 * Durability: when the promise of `put` resolves, message and facts survive a power cut.
 * Idempotence: a message whose id is already in the queue is not queued twice (its facts are still written).
 * Order: `next` gives rows by seq, oldest first.
 * Bounds: rows and bytes are capped; when full, the oldest row of the lowest class is dropped and counted; a message
 * that would itself be the lowest gets E_OUTBOX_FULL. Facts are capped by their own limit.
 * Concurrency: calls may overlap; concurrent `put`s share one commit.
 */
export interface Outbox {
  /** Opens the store. A damaged file is moved aside and told in the result; opening goes on with a new one. */
  start(): Promise<{ readonly movedAside: string | undefined }>;
  /** Commits what is pending and closes. Idempotent. */
  stop(): Promise<void>;
  put(messages: readonly OutMessage[], facts?: readonly Fact[]): Promise<Result<void>>;
  /**
   * Up to `limit` rows with seq > `afterSeq`, oldest first, without those in quarantine and those told to be done.
   * `routes`: only rows whose topic names one of these buses; `undefined` among them: rows that name none. Rows of other
   * buses cost nothing, however many wait.
   */
  next(afterSeq: number, limit: number, routes?: readonly (Route | undefined)[]): readonly OutboxRow[];
  /** Removes delivered rows. Lazily durable: after a crash a row may be given once more (the receiver dedupes by id). */
  done(seqs: readonly number[]): void;
  /** Counts a failed attempt. After `maxTries` the row goes to quarantine and true is returned. */
  failed(seq: number, reason: Failure): boolean;
  /** All facts whose name starts with `prefix`. */
  facts(prefix: string): ReadonlyMap<string, string>;
  stats(): OutboxStats;
  /** Calls back after rows became durable. Returns a function that ends the listening. */
  onPut(listener: () => void): () => void;
}
