import type { Cancel, Clock } from '../../ports/clock.ts';

/** Makes one call of many that come close together: when they have been quiet for a while, or have gone on for too long. */
export class Burst {
  readonly #clock: Clock;
  readonly #quietMs: number;
  readonly #longestMs: number;
  readonly #over: () => void;
  #since: number | undefined;
  #cancel: Cancel | undefined;

  constructor(clock: Clock, quietMs: number, longestMs: number, over: () => void) {
    this.#clock = clock;
    this.#quietMs = quietMs;
    this.#longestMs = longestMs;
    this.#over = over;
  }

  touch(): void {
    const now = this.#clock.monotonic();
    this.#since ??= now;
    const left = Math.max(0, this.#longestMs - (now - this.#since));
    this.#cancel?.();
    this.#cancel = this.#clock.after(Math.min(this.#quietMs, left), () => {
      this.stop();
      this.#over();
    });
  }

  /** Forgets what has come. */
  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#since = undefined;
  }
}
