import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 10;
const DEADLINE_MS = 30_000;

/** When a slot entered a state, milliseconds since 1970 UTC. */
export type Step = { readonly atMs: number; readonly to: string };

/** Reads from an agent's log when its slot entered which state. */
export function readSteps(logFile: string): Step[] {
  return readFileSync(logFile, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{') && line.includes('"slot"'))
    .map((line) => JSON.parse(line))
    .filter(({ from, to }) => to !== undefined && to !== from)
    .map(({ time, to }) => ({ atMs: Date.parse(time), to }));
}

/** The state that the slot was in; undefined before the first step. */
export function stepAt(steps: readonly Step[], atMs: number): string | undefined {
  return steps.findLast((step) => step.atMs <= atMs)?.to;
}

/** Resolves when the slot is in this state: what was asked for before is over. */
export async function untilIn(state: string, logFile: string): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (readSteps(logFile).at(-1)?.to !== state) {
    if (performance.now() > end) throw new Error(`the slot was not ${state} within ${DEADLINE_MS} ms`);
    await sleep(POLL_MS, undefined, { ref: false });
  }
}
