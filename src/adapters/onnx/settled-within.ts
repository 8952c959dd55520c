import type { Clock } from '../../ports/clock.ts';

/** Waits until a promise has settled, but `ms` at most. */
export function settledWithin(promise: Promise<void>, ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    void promise.finally(() => {
      cancel();
      resolve();
    });
  });
}
