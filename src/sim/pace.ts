import { setTimeout as wait } from 'node:timers/promises';

/** The part of a clock that pacing needs; tests hand in one that they move. */
export type Time = {
  /** Milliseconds since 1970 UTC. */
  now(): number;
  /** Milliseconds that never go back. */
  monotonic(): number;
  /** Rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
};

export const machineTime: Time = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => wait(ms, undefined, signal === undefined ? {} : { signal }),
};

export type Schedule = {
  /** Time between two beats. */
  readonly periodMs: number;
  readonly beats: number;
  readonly time: Time;
  readonly signal: AbortSignal;
};

/** Beats that are late follow each other at once, but sockets and timers get their turn after so many. */
const BEATS_WITHOUT_REST = 64;
/** Whoever is this late cannot keep the pace: the run ends instead of growing longer and longer. */
const MAX_LATE_MS = 10_000;

/**
 * Calls `act` for each beat at its moment on an absolute schedule: lateness is caught up and never adds up. Ends after
 * the last beat, when `act` answers false, when it is too late, or when the signal is aborted. Gives the worst lateness.
 */
export async function keepPace(
  { periodMs, beats, time, signal }: Schedule,
  act: (beat: number) => Promise<boolean>,
): Promise<{ readonly maxLateMs: number }> {
  const start = time.monotonic();
  let maxLateMs = 0;
  let unrested = 0;
  for (let beat = 0; beat < beats && !signal.aborted; beat++) {
    const early = start + beat * periodMs - time.monotonic();
    if (early > 0 || ++unrested >= BEATS_WITHOUT_REST) {
      unrested = 0;
      await time.sleep(Math.max(0, early), signal).catch(unlessAborted(signal));
      if (signal.aborted) break;
    }
    const lateMs = time.monotonic() - (start + beat * periodMs);
    maxLateMs = Math.max(maxLateMs, lateMs);
    if (lateMs > MAX_LATE_MS || !(await act(beat))) break;
  }
  return { maxLateMs };
}

/** An aborted sleep is an ending; anything else that a sleep throws is a bug. */
function unlessAborted(signal: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!signal.aborted) throw error;
  };
}
