import { failure } from '../domain/errors.ts';
import type { RolloutOutcome, RolloutRequest, SlotRecord } from '../domain/rollout.ts';
import type { RolloutEvent } from './events.ts';
import { MAX_BOOTS } from './guards.ts';

/** What is remembered of bad versions; beyond it the oldest is forgotten. A device sees a few in its life. */
export const MAX_QUARANTINED = 20;

export type Draft = {
  readonly record: SlotRecord;
  /** Rollouts that ended in this step. */
  readonly ended: readonly RolloutOutcome[];
};
type Apply = (draft: Draft, event: RolloutEvent, now: number) => Draft;

/** The verbs of the table's `record` column: what each does to the record of a slot. */
export const CHANGES = {
  /** The request becomes the rollout of the slot. */
  take: (draft, event, now) => (event.type === 'requested' ? begin(draft, event.request, now) : draft),
  takeQueued: (draft, _event, now) => {
    const { queued } = draft.record;
    return queued === undefined ? draft : begin(edit(draft, { queued: undefined }), queued, now);
  },
  /** The request waits for the slot; one that waited already is superseded. */
  queue: (draft, event, now) => {
    if (event.type !== 'requested') return draft;
    const { queued } = draft.record;
    const ended = queued === undefined ? draft.ended : [...draft.ended, supersededInQueue(draft.record, queued, now)];
    return { record: { ...draft.record, queued: event.request }, ended };
  },

  /** The candidate is known by its verified name, release and digest. */
  name: (draft, event) => (event.type === 'verified' ? edit(draft, { candidate: event.ref }) : draft),
  keepEvidence: (draft, event) =>
    'evidence' in event ? edit(draft, { evidence: [...draft.record.evidence, ...event.evidence] }) : draft,

  /** The candidate becomes the active model. */
  activate: (draft) => {
    const { active, previous, candidate } = draft.record;
    return edit(draft, { active: candidate, previous: active, older: previous, boots: 0 });
  },
  /** The candidate becomes the active model, and what it replaces is worth nothing. */
  replace: (draft) => edit(draft, { active: draft.record.candidate, previous: undefined, older: undefined, boots: 0 }),
  /** What was active before the swap is active again. */
  restore: (draft) => {
    const { previous, older } = draft.record;
    return edit(draft, { active: previous, previous: older, older: undefined });
  },
  /** The swap is called off; `active` never changed. */
  abandon: (draft) => draft,
  /** Outside any rollout: the active model is left for the previous one. It takes the candidate's place, to be judged. */
  leave: (draft, event, now) => {
    const { active, previous } = draft.record;
    const id = 'id' in event ? event.id : '';
    const begun = begin(draft, { id, source: '', force: false, requestedAtMs: now }, now);
    const reason = 'failure' in event ? event.failure : undefined;
    return edit(begun, { candidate: active, active: previous, previous: undefined, failure: reason });
  },

  /** There is no way back: what was to be left stays. */
  stay: (draft, event) => {
    const reason = 'lost' in event ? event.lost : draft.record.failure;
    return edit(draft, { active: draft.record.candidate, failure: reason });
  },

  /** Remembers the candidate as bad, the latest last. */
  quarantine: (draft, _event, now) => {
    const { candidate, quarantine, failure: reason } = draft.record;
    if (candidate === undefined) return draft;
    const others = quarantine.filter(({ ref }) => ref.digest !== candidate.digest);
    const entry = { ref: candidate, reason: reason?.message ?? '', sinceMs: now };
    return edit(draft, { quarantine: [...others, entry].slice(-MAX_QUARANTINED) });
  },
  blameQuarantine: (draft, event) => {
    if (event.type !== 'verified') return draft;
    const known = draft.record.quarantine.find(({ ref }) => ref.digest === event.ref.digest);
    return edit(draft, { failure: kept('E_ROLLOUT_QUARANTINED', known?.reason), candidate: event.ref });
  },
  blameCrashLoop: (draft) =>
    edit(draft, { failure: kept('E_ROLLOUT_CRASH_LOOP', `more than ${MAX_BOOTS} starts while ${draft.record.state}`) }),

  countBoot: (draft) => edit(draft, { boots: draft.record.boots + 1 }),
  /** The start that ends here in good order does not count. */
  uncountBoot: (draft) => (draft.record.boots === 0 ? draft : edit(draft, { boots: draft.record.boots - 1 })),
  /** What was found out before the start is found out again. */
  startOver: (draft) => edit(draft, { evidence: [], failure: undefined }),

  endCommitted: (draft, _event, now) => {
    const { candidate, releaseFloor, quarantine } = draft.record;
    const committed = end(draft, 'committed', now);
    return edit(committed, {
      older: undefined,
      releaseFloor: Math.max(releaseFloor, candidate?.release ?? 0),
      // A version that was forced and proved itself is not bad any more.
      quarantine: quarantine.filter(({ ref }) => ref.digest !== candidate?.digest),
    });
  },
  endRefused: (draft, _event, now) => end(draft, 'refused', now),
  endRolledBack: (draft, _event, now) => end(draft, 'rolledBack', now),
  endCancelled: (draft, _event, now) => end(draft, 'cancelled', now),
  endSuperseded: (draft, event, now) => {
    const by = event.type === 'requested' ? `by ${event.request.id}` : undefined;
    return end(edit(draft, { failure: kept('E_ROLLOUT_SUPERSEDED', by) }), 'superseded', now);
  },
  /** The outcome of the last start may not have been told. */
  tellAgain: ({ record, ended }) => ({ record, ended: record.last === undefined ? ended : [...ended, record.last] }),
  /** The slot is free. */
  clear: (draft) => {
    const { request, candidate, failure: reason } = draft.record;
    return (request ?? candidate ?? reason) === undefined ? draft : edit(draft, FREE);
  },
} as const satisfies Record<string, Apply>;
export type Change = keyof typeof CHANGES;

const FREE = { request: undefined, candidate: undefined, failure: undefined, evidence: [], boots: 0 } as const;

function begin(draft: Draft, request: RolloutRequest, now: number): Draft {
  return edit(draft, { ...FREE, request, startedAtMs: now });
}

function end(draft: Draft, outcome: RolloutOutcome['outcome'], now: number): Draft {
  const { record } = draft;
  const committed = outcome === 'committed';
  const last: RolloutOutcome = {
    id: record.request?.id ?? '',
    ref: record.candidate,
    from: committed ? whatWasActive(record) : record.active,
    outcome,
    code: committed ? undefined : record.failure?.code,
    reason: committed ? '' : (record.failure?.message ?? ''),
    evidence: record.evidence,
    startedAtMs: record.startedAtMs,
    endedAtMs: now,
  };
  return { record: { ...record, last }, ended: [...draft.ended, last] };
}

/** A commit of what is active already changed nothing. */
function whatWasActive({ active, previous, state }: SlotRecord): SlotRecord['active'] {
  return state === 'verifying' ? active : previous;
}

function supersededInQueue(record: SlotRecord, request: RolloutRequest, now: number): RolloutOutcome {
  return {
    id: request.id,
    ref: undefined,
    from: record.active,
    outcome: 'superseded',
    code: 'E_ROLLOUT_SUPERSEDED',
    reason: kept('E_ROLLOUT_SUPERSEDED').message,
    evidence: [],
    startedAtMs: request.requestedAtMs,
    endedAtMs: now,
  };
}

function kept(...told: Parameters<typeof failure>): NonNullable<SlotRecord['failure']> {
  const { code, message } = failure(...told);
  return { code, message };
}

function edit({ record, ended }: Draft, change: Partial<SlotRecord>): Draft {
  return { record: { ...record, ...change }, ended };
}
