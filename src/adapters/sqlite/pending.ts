import type { Failure, Result } from '../../domain/errors.ts';
import type { OutMessage } from '../../domain/message.ts';
import type { Fact } from '../../ports/outbox.ts';
import { PAGE_BYTES } from './limits.ts';
import { CLASS_RANK, HIGHEST_RANK } from './schema.ts';
import { ROW_OVERHEAD_BYTES } from './store.ts';

/** Pages that may be needed beside the payload when trees split. */
const SPLIT_PAGES = 4;

/** One call of `put` that waits for its commit. */
export type Put = {
  readonly messages: readonly OutMessage[];
  readonly facts: readonly Fact[];
  /** Rows up to this rank may be dropped in its favour. */
  readonly rank: number;
  readonly ops: number;
  readonly bytes: number;
  /** Free pages that must be there before it is tried, and how often that estimate proved too low. */
  pages: number;
  misjudged: number;
  readonly settle: (result: Result<void>) => void;
};

/** A row that is done with: delivered, or (with a reason) to be set aside. */
export type Gone = { readonly rank: number; readonly why: Failure | undefined };

/**
 * What waits for the next commit. `puts` is bounded by the batch limits; `gone` and `tries` hold rows that exist, so
 * the cap of the file bounds them, and they are kept when a commit fails: what was delivered stays delivered.
 */
export class Pending {
  readonly puts = new Set<Put>();
  readonly gone = new Map<number, Gone>();
  readonly tries = new Map<number, number>();
  #ops = 0;
  #bytes = 0;

  get empty(): boolean {
    return this.puts.size + this.gone.size + this.tries.size === 0;
  }

  /** Rows and facts of the puts that wait, and their bytes. */
  get load(): { readonly ops: number; readonly bytes: number } {
    return { ops: this.#ops, bytes: this.#bytes };
  }

  add(put: Put): void {
    this.puts.add(put);
    this.#ops += put.ops;
    this.#bytes += put.bytes;
  }

  settle(put: Put, result: Result<void>): void {
    if (!this.puts.delete(put)) return;
    this.#ops -= put.ops;
    this.#bytes -= put.bytes;
    put.settle(result);
  }

  /** Gives up what is only good to know, when even that finds no room. False when there was nothing to give up. */
  forgetEvidence(): boolean {
    let found = this.tries.size > 0;
    this.tries.clear();
    for (const [seq, { rank, why }] of this.gone) {
      if (why === undefined) continue;
      found = true;
      this.gone.set(seq, { rank, why: undefined });
    }
    return found;
  }

  goneOfRank(rank: number): number {
    let n = 0;
    for (const gone of this.gone.values()) if (gone.rank === rank) n++;
    return n;
  }
}

export function measure(messages: readonly OutMessage[], facts: readonly Fact[]): Omit<Put, 'settle'> {
  let bytes = 0;
  let rank = messages.length === 0 ? HIGHEST_RANK : 0;
  for (const message of messages) {
    // The id is stored twice: in the row and in its index.
    const texts = 2 * Buffer.byteLength(message.id) + Buffer.byteLength(message.topic);
    bytes += message.payload.length + (message.correlationData?.length ?? 0) + texts + ROW_OVERHEAD_BYTES;
    rank = Math.max(rank, CLASS_RANK[message.class]);
  }
  for (const fact of facts) {
    bytes += Buffer.byteLength(fact.name) + Buffer.byteLength(fact.value ?? '') + ROW_OVERHEAD_BYTES;
  }
  const pages = Math.ceil(bytes / PAGE_BYTES) + SPLIT_PAGES;
  return { messages, facts, rank, ops: messages.length + facts.length, bytes, pages, misjudged: 0 };
}
