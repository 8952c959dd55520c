import type { Failure, Result } from '../../domain/errors.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';
import { backoffMs } from '../reconnect-backoff.ts';

export type ReachNeeds = {
  readonly clock: Clock;
  readonly random: () => number;
  /** Sends a tiny message of our own the same way. */
  readonly ask: () => Promise<Result<void>>;
  /** Told when it changes; the failure where it cannot be reached. */
  readonly onChange: (failure: Failure | undefined) => void;
};

/**
 * Knows whether the way behind the nucleus is open: to AWS IoT, to the process that carries local messages.
 *
 * A publish that the nucleus could not do says little: the cloud may be away, or that one message be impossible, and
 * nucleus lite has the same words for both. So a tiny message is sent after it. When it fails too, the way is closed, and
 * tiny messages are sent, with backoff, until one passes: never the outbox's own, each failure of which would count.
 */
export class Reach {
  readonly #needs: ReachNeeds;
  #failures = 0;
  #asking: Promise<boolean> | undefined;
  #cancelRetry: Cancel | undefined;
  #provenAt = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(needs: ReachNeeds) {
    this.#needs = needs;
  }

  /** False: nothing passes, and it is asked again by itself. */
  get open(): boolean {
    return !this.#closed;
  }

  /** Something passed. */
  proven(): void {
    this.#provenAt = this.#needs.clock.monotonic();
  }

  provenWithin(ms: number): boolean {
    return this.#needs.clock.monotonic() - this.#provenAt <= ms;
  }

  /** Asks now, once for all who want to know. `suspect`: what it is when we may not ask. */
  check(suspect: boolean): Promise<boolean> {
    this.#asking ??= this.#ask(suspect).finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** Forgets what it knew: the connection to the nucleus is a new one, or none. */
  reset(): void {
    this.#cancelRetry?.();
    this.#closed = false;
    this.#failures = 0;
    this.#provenAt = Number.NEGATIVE_INFINITY;
  }

  async #ask(suspect: boolean): Promise<boolean> {
    const answer = await this.#needs.ask();
    if (answer.ok) return this.#opened();
    const { code } = answer.error;
    if (code === 'E_IPC_OFFLINE') return false; // the link tells that itself
    if (code === 'E_IPC_UNAUTHORIZED' && !suspect) return this.#opened();
    this.#shut(answer.error);
    return false;
  }

  #opened(): true {
    this.proven();
    this.#failures = 0;
    if (this.#closed) {
      this.#closed = false;
      this.#needs.onChange(undefined);
    }
    return true;
  }

  #shut(failure: Failure): void {
    const { clock, random, onChange } = this.#needs;
    this.#cancelRetry?.();
    // Where we may not ask, the next real message has to find out, after the pause.
    this.#cancelRetry = clock.after(backoffMs(this.#failures++, random), () => void this.check(false));
    if (this.#closed) return;
    this.#closed = true;
    onChange(failure);
  }
}
