import type { Cancel, Clock } from '../../src/ports/clock.ts';

type Timer = { at: number; every: number | undefined; fn: () => void };

/** A clock that stands still until it is told to move. Timers fire in order, each at its own moment. */
export class FakeClock implements Clock {
  #wall: number;
  #mono = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#wall = startMs;
  }

  now(): number {
    return this.#wall;
  }

  monotonic(): number {
    return this.#mono;
  }

  /** How many timers wait: 0 after a proper stop. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves both clocks on, firing what falls due, and lets promises settle between timers. */
  async advance(ms: number): Promise<void> {
    const end = this.#mono + ms;
    for (;;) {
      await settle();
      const due = [...this.#timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.#wall += due.at - this.#mono;
      this.#mono = due.at;
      if (due.every === undefined) this.#timers.delete(due);
      else due.at += due.every;
      due.fn();
    }
    this.#wall += end - this.#mono;
    this.#mono = end;
    await settle();
  }

  /** Moves the wall clock alone, as NTP or a dead battery does. */
  jump(ms: number): void {
    this.#wall += ms;
  }

  after(ms: number, fn: () => void): Cancel {
    return this.#add({ at: this.#mono + ms, every: undefined, fn });
  }

  every(ms: number, fn: () => void): Cancel {
    return this.#add({ at: this.#mono + ms, every: ms, fn });
  }

  soon(fn: () => void): void {
    this.after(0, fn);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const cancel = this.after(ms, resolve);
      signal?.addEventListener('abort', () => {
        cancel();
        reject(signal.reason);
      });
    });
  }

  #add(timer: Timer): Cancel {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}

async function settle(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
