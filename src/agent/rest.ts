import type { Cancel, Clock } from '../ports/clock.ts';

/** Longest wait of one timer: a sleep until next year takes several. */
const MAX_TIMER_MS = 24 * 3600 * 1000;

/** A time without work, with or without an end. */
export class Rest {
  readonly #clock: Clock;
  readonly #onEnd: () => void;
  #asleep = false;
  #untilMs: number | undefined;
  #cancel: Cancel = () => {};

  constructor(clock: Clock, onEnd: () => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  get asleep(): boolean {
    return this.#asleep;
  }

  /** Milliseconds since 1970 UTC; undefined while awake, or asleep until woken. */
  get untilMs(): number | undefined {
    return this.#untilMs;
  }

  /** Repeating it moves the end. */
  begin(untilMs: number | undefined): void {
    this.#asleep = true;
    this.#untilMs = untilMs;
    this.#cancel();
    if (untilMs !== undefined) this.#endAt(untilMs);
  }

  end(): void {
    this.#cancel();
    this.#asleep = false;
    this.#untilMs = undefined;
    this.#onEnd();
  }

  /** Forgets the timer, and stays as it is. */
  cancel(): void {
    this.#cancel();
  }

  #endAt(untilMs: number): void {
    const leftMs = untilMs - this.#clock.now();
    if (leftMs <= 0) this.end();
    else this.#cancel = this.#clock.after(Math.min(leftMs, MAX_TIMER_MS), () => this.#endAt(untilMs));
  }
}
