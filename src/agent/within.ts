import type { Clock } from '../ports/clock.ts';

/** Waits for a promise, at most `ms`. True when it settled in time; its rejection is passed on. Leaves no timer behind. */
export async function within(clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> {
  const abort = new AbortController();
  const late = clock.sleep(ms, abort.signal).then(
    () => false,
    () => true,
  );
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    abort.abort();
  }
}
