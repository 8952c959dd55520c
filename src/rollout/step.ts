import { fail, ok, type Result } from '../domain/errors.ts';
import type { ModelRef, RolloutOutcome, RolloutState, SlotRecord } from '../domain/rollout.ts';
import { CHANGES, type Draft } from './changes.ts';
import type { Effect, RolloutEvent } from './events.ts';
import { GUARDS } from './guards.ts';
import { CANNOT_HAPPEN, TRANSITIONS, type Transition } from './transitions.ts';

export type Step = {
  /** To be saved before anything else happens. The same object as before where nothing changed. */
  readonly record: SlotRecord;
  /** To be done in this order once the record is saved. */
  readonly effects: readonly Effect[];
  /** To be told once the record is saved. */
  readonly ended: readonly RolloutOutcome[];
  /** The row's reason, for the log. */
  readonly because: string;
};

/**
 * Takes a slot one event further, by the table. A wish that does not fit the state is refused with the row's code; an event
 * that cannot happen is a bug in the shell, and throws.
 */
export function step(record: SlotRecord, event: RolloutEvent, now: number): Result<Step> {
  const row = find(record, event);
  if ('refuse' in row) return fail(row.refuse, row.because);
  const reason = 'failure' in event ? { record: { ...record, failure: event.failure } } : { record };
  let draft: Draft = { ...reason, ended: [] };
  for (const change of row.record) draft = CHANGES[change](draft, event, now);
  const state = row.to === 'same' ? record.state : row.to;
  const moved = state === record.state ? draft.record : { ...draft.record, state, sinceMs: now };
  return ok({ record: moved, effects: row.effects, ended: draft.ended, because: row.because });
}

/** A slot before its first model. */
export function emptySlot(slot: string, now: number): SlotRecord {
  return {
    slot,
    state: 'idle',
    active: undefined,
    previous: undefined,
    older: undefined,
    candidate: undefined,
    request: undefined,
    queued: undefined,
    sinceMs: now,
    startedAtMs: now,
    failure: undefined,
    evidence: [],
    boots: 0,
    releaseFloor: 0,
    quarantine: [],
    last: undefined,
  };
}

/** The packages that no tidying up may touch. */
export function keptRefs({ active, previous, older, candidate, state }: SlotRecord): readonly ModelRef[] {
  const trying = IN_PROGRESS.has(state) ? candidate : undefined;
  return [active, previous, older, trying].filter((ref) => ref !== undefined);
}

const IN_PROGRESS: ReadonlySet<RolloutState> = new Set(['staging', 'testing', 'canary', 'swapping', 'watching']);

function find(record: SlotRecord, event: RolloutEvent): Transition {
  const row = TRANSITIONS.find(
    ({ from, on, when }) =>
      on === event.type && from.includes(record.state) && (when === undefined || GUARDS[when](record, event)),
  );
  if (row !== undefined) return row;
  throw new Error(`${event.type} in ${record.state} ${CANNOT_HAPPEN[event.type] ?? 'has no row in the table'}`);
}
