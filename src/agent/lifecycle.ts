import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { within } from './within.ts';

/** Something that runs as long as the device does. Promises are awaited. */
export type Part = {
  readonly name: string;
  start(): unknown;
  /** Ends it within `deadlineMs`. */
  stop(deadlineMs: number): unknown;
};

/** Left for each part that comes after one that used up the time: enough to close a file, not to wait for anyone. */
const LEAST_MS = 100;

/**
 * Starts parts in order and stops them in the opposite order: what was built on something ends before it does. A part
 * that fails to start takes down those before it; one that fails to stop, or hangs, holds up none of the others.
 */
export class Lifecycle {
  readonly #parts: readonly Part[];
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #started: Part[] = [];
  #stopping: Promise<void> | undefined;

  constructor(parts: readonly Part[], needs: { clock: Clock; log: Log }) {
    this.#parts = parts;
    this.#clock = needs.clock;
    this.#log = needs.log;
  }

  async start(): Promise<void> {
    for (const part of this.#parts) {
      if (this.#stopping !== undefined) return;
      this.#started.push(part);
      await part.start();
    }
  }

  /** Idempotent: a second signal waits for the first. */
  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#end(this.#clock.monotonic() + deadlineMs);
    return this.#stopping;
  }

  async #end(deadline: number): Promise<void> {
    for (const part of this.#started.reverse()) {
      const leftMs = Math.max(LEAST_MS, deadline - this.#clock.monotonic());
      try {
        const inTime = await within(this.#clock, leftMs, Promise.resolve(part.stop(leftMs)));
        if (!inTime) this.#log.error({ part: part.name, waitedMs: Math.round(leftMs) }, 'part did not stop in time');
      } catch (error) {
        this.#log.error({ part: part.name, error }, 'part did not stop in order');
      }
    }
  }
}
