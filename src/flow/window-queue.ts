import type { Window } from '../domain/reading.ts';

/**
 * Windows that wait for the runner, first come first served, never more than `max`. A window that finds it full
 * pushes out the oldest one of its own key, so that a flood of one sensor starves no other; a key with nothing
 * waiting pushes out the oldest of all.
 */
export class WindowQueue {
  readonly #max: number;
  #waiting: Window[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Adds a window at the end. True when another had to go for it. */
  push(window: Window): boolean {
    const full = this.#waiting.length >= this.#max;
    if (full) {
      const own = this.#waiting.findIndex((waiting) => waiting.key === window.key);
      this.#waiting.splice(Math.max(0, own), 1);
    }
    this.#waiting.push(window);
    return full;
  }

  /** Removes and returns the oldest, at most `limit`. */
  take(limit: number): readonly Window[] {
    if (this.#waiting.length <= limit) {
      const all = this.#waiting;
      this.#waiting = [];
      return all;
    }
    return this.#waiting.splice(0, limit);
  }
}
