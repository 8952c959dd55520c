import { openSync, readFileSync, writeSync } from 'node:fs';
import type { RolloutOutcome, RolloutState, SlotRecord } from '../../src/domain/rollout.ts';
import type { LineAnswer } from '../../test/fixtures/rollout-fault/line.ts';

export type Point = { readonly name: string; readonly when: 'before' | 'amid' | 'after' };

/** The versions that a record names. */
export type Named = {
  readonly state: RolloutState;
  readonly active: string | undefined;
  readonly candidate: string | undefined;
};

/** What a device did, in the order in which it did it. */
export type Entry =
  | { readonly point: Point }
  | { readonly saved: Named }
  | { readonly answer: LineAnswer }
  | { readonly ended: RolloutOutcome };

/** Written synchronously, line by line: SIGKILL takes nothing back. */
export class Journal {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write(entry: Entry): void {
    writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }
}

export function readJournal(path: string): readonly Entry[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

export function namedBy({ state, active, candidate }: SlotRecord): Named {
  return { state, active: active?.version, candidate: candidate?.version };
}

export function describe({ when, name }: Point): string {
  return `${when} ${name}`;
}
