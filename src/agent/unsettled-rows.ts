import type { Settling } from '../ports/bus.ts';
import type { Cancel, Clock } from '../ports/clock.ts';

/** With more, nothing is sent: what AWS IoT Core takes of one connection, 100 a second, within two minutes. */
const MAX_ROWS = 12_000;
/** Rows are let go in one go so often; one by one, each would be a transaction and a timer of its own. */
const TURN_MS = 1_000;
/** More of them at once would hold up the readings: each is looked for in the outbox. */
const TURN_ROWS = 256;

export type UnsettledNeeds = {
  readonly settling: Settling;
  readonly clock: Clock;
  /** Told which rows have arrived, by their seq. */
  readonly onSettled: (seqs: readonly number[]) => void;
};

type Acknowledged = { readonly atMs: number; readonly losses: number };

/**
 * Rows that a bus has acknowledged and may still lose. They stay in the outbox, and only their numbers are kept here: after
 * a loss they are no longer known, and the outbox gives them once more.
 */
export class UnsettledRows {
  readonly #needs: UnsettledNeeds;
  /** In the order of their acknowledgements. */
  readonly #rows = new Map<number, Acknowledged>();
  #cancel: Cancel | undefined;

  constructor(needs: UnsettledNeeds) {
    this.#needs = needs;
  }

  get full(): boolean {
    return this.#rows.size >= MAX_ROWS;
  }

  has(seq: number): boolean {
    return this.#rows.get(seq)?.losses === this.#needs.settling.losses;
  }

  /** `losses`: as many as there were when it was sent. */
  add(seq: number, losses: number): void {
    this.#rows.delete(seq);
    this.#rows.set(seq, { atMs: this.#needs.clock.monotonic(), losses });
    this.#arm();
  }

  /** Forgets all of them. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#rows.clear();
  }

  #arm(): void {
    if (this.#cancel !== undefined) return;
    const [oldest] = this.#rows.values();
    if (oldest === undefined) return;
    const { clock, settling } = this.#needs;
    const inMs = Math.max(TURN_MS, oldest.atMs + settling.ms - clock.monotonic());
    this.#cancel = clock.after(inMs, () => void this.#turn());
  }

  async #turn(): Promise<void> {
    const { clock, settling, onSettled } = this.#needs;
    const until = clock.monotonic() - settling.ms;
    const isOpen = await settling.isOpen();
    this.#cancel = undefined;
    const settled: number[] = [];
    for (const [seq, { atMs, losses }] of this.#rows) {
      if (atMs > until || settled.length >= TURN_ROWS) break;
      if (losses === settling.losses) {
        if (!isOpen) break;
        settled.push(seq);
      }
      this.#rows.delete(seq);
    }
    this.#arm();
    if (settled.length > 0) onSettled(settled);
  }
}
