/**
 * Time. Everything that waits, waits here, so that tests need no sleeping.
 * `now` may jump (NTP, a dead battery); `monotonic` never does.
 */
export interface Clock {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Milliseconds since some fixed moment, with fractions; never goes back. */
  monotonic(): number;
  /** Calls `fn` once after `ms`, unless cancelled. The timer keeps no process alive by itself. */
  after(ms: number, fn: () => void): Cancel;
  /** Calls `fn` every `ms` until cancelled. */
  every(ms: number, fn: () => void): Cancel;
  /** Calls `fn` once, after everything that this turn of the event loop already holds. */
  soon(fn: () => void): void;
  /** Resolves after `ms`, or rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export type Cancel = () => void;
