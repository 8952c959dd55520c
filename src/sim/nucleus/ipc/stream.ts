import type { EventStream, JsonObject } from './operation.ts';

/** Events that came before the answer to their subscription; a client would take the first of them for the answer. */
const MAX_EARLY_EVENTS = 1_000;

/** One operation in progress on a connection. */
export class Stream implements EventStream {
  readonly #transmit: (event: JsonObject) => void;
  readonly #closers: (() => void)[] = [];
  #early: JsonObject[] | undefined = [];
  #open = true;

  constructor(transmit: (event: JsonObject) => void) {
    this.#transmit = transmit;
  }

  get open(): boolean {
    return this.#open;
  }

  send(event: JsonObject): void {
    if (!this.#open) return;
    if (this.#early === undefined) this.#transmit(event);
    else if (this.#early.length < MAX_EARLY_EVENTS) this.#early.push(event);
  }

  onClosed(listener: () => void): void {
    if (this.#open) this.#closers.push(listener);
    else listener();
  }

  /** Lets events out, now that the answer is. */
  answered(): void {
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const event of early) this.send(event);
  }

  /** Idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const closer of this.#closers.splice(0)) closer();
  }
}
