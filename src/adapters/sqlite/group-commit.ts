import type { Cancel, Clock } from '../../ports/clock.ts';

/** Decides when to commit: one timer, always set to the earliest moment that anybody asked for. */
export class GroupCommit {
  readonly #clock: Clock;
  readonly #commit: () => void;
  #cancel: Cancel | undefined;
  #at = Number.POSITIVE_INFINITY;

  constructor({ clock, commit }: { clock: Clock; commit: () => void }) {
    this.#clock = clock;
    this.#commit = commit;
  }

  /** Commits after `ms`, or earlier when an earlier moment is set already. */
  within(ms: number): void {
    const at = this.#clock.monotonic() + ms;
    if (this.#cancel !== undefined && this.#at <= at) return;
    this.cancel();
    this.#at = at;
    this.#cancel = this.#clock.after(ms, () => this.now());
  }

  now(): void {
    this.cancel();
    this.#commit();
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
