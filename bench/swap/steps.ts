import { readFileSync } from 'node:fs';

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
