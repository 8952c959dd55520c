import { MAX_ERRORS, SECONDS } from '../timing.ts';
import type { State } from './state.ts';

/** States in which errors add up. */
const COUNTED: readonly State[] = ['NEW', 'STARTING', 'RUNNING'];

/** Counts errors by the state in which they happened; those that lie an hour apart do not add up. */
export class ErrorCount {
  readonly #resetMs: number;
  readonly #byState = new Map<State, { readonly count: number; readonly at: number }>();

  constructor(secondMs: number) {
    this.#resetMs = SECONDS.errorReset * secondMs;
  }

  /** True: that was one too many. */
  add(state: State, now: number): boolean {
    const before = this.#byState.get(state);
    const isFresh = before === undefined || now - before.at >= this.#resetMs;
    const count = isFresh ? 1 : before.count + 1;
    this.#byState.set(state, { count, at: now });
    return count >= MAX_ERRORS && COUNTED.includes(state);
  }

  /** A state that was left without an error begins anew. */
  clear(state: State): void {
    this.#byState.delete(state);
  }

  clearAll(): void {
    this.#byState.clear();
  }
}
