import type { SlotRecord } from '../domain/rollout.ts';
import type { RolloutEvent } from './events.ts';

/** A rollout survives this many starts of the agent; one more, and the model is taken for the reason. */
export const MAX_BOOTS = 3;

type Question = (record: SlotRecord, event: RolloutEvent) => boolean;

/** The conditions of the table. */
export const GUARDS = {
  /** The slot has no active model yet. */
  isFirst: ({ active }) => active === undefined,
  isAlone: (_record, event) => 'alone' in event && event.alone === true,
  /** The candidate is not blamed for anything: somebody wanted the one before it. */
  isBlameless: ({ request, failure }) => request?.source === '' || failure?.code === 'E_ROLLOUT_CANCELLED',
  /** Its latency is all that is wrong with the candidate. */
  isOnlySlow: (_record, event) => {
    const failed = event.type === 'testFailed' ? event.evidence.filter((one) => one.measured > one.allowed) : [];
    return failed.length > 0 && failed.every(({ gate }) => gate === 'latency');
  },
  hasPrevious: ({ previous }) => previous !== undefined,
  isActive: ({ active }, event) => event.type === 'verified' && active?.digest === event.ref.digest,
  isQuarantined: ({ quarantine, request }, event) =>
    event.type === 'verified' &&
    request?.force !== true &&
    quarantine.some(({ ref }) => ref.digest === event.ref.digest),
  isCancelled: ({ failure }) => failure?.code === 'E_ROLLOUT_CANCELLED',
  isDamaged: ({ failure }) => failure?.code === 'E_MODEL_DIGEST' || failure?.code === 'E_MODEL_MISSING',
  isCrashLoop: ({ boots }) => boots >= MAX_BOOTS,
  isAwaited: ({ queued }) => queued !== undefined,
} as const satisfies Record<string, Question>;
export type Guard = keyof typeof GUARDS;
