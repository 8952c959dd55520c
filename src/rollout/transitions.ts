import type { ErrorCode } from '../domain/errors.ts';
import type { RolloutState } from '../domain/rollout.ts';
import type { Change } from './changes.ts';
import type { Effect, EventType } from './events.ts';
import type { Guard } from './guards.ts';

/**
 * The life of a model in a slot, whole. Read a row as: in state `from`, on event `on`, if `when` holds, change the record by
 * `record`, go to state `to`, save, and only then do `effects`. The first row that fits wins. `refuse` leaves everything as
 * it is and answers with that error.
 *
 * An outcome (`end...`) is told as soon as it is saved. An event that brings a failure leaves it in the record as the reason.
 *
 * Power may fail between any two of these. The saved state then meets `booted`, and effects are simply done again.
 * `active` changes in five places only: `activate`, `replace`, `restore`, `leave` and `stay`; each is one save of one file.
 */
export type Transition = {
  readonly from: readonly RolloutState[];
  readonly on: EventType;
  readonly when?: Guard;
  readonly because: string;
} & (
  | { readonly to: RolloutState | 'same'; readonly record: readonly Change[]; readonly effects: readonly Effect[] }
  | { readonly refuse: ErrorCode }
);

/** Until the swap the active model is untouched: giving up costs nothing. */
const BEFORE_TEST = ['verifying', 'staging'] as const;
const UNDER_TEST = ['testing', 'canary'] as const;
const BEFORE_SWAP = [...BEFORE_TEST, ...UNDER_TEST] as const;
const AFTER_REQUEST = [...BEFORE_SWAP, 'swapping', 'watching'] as const;
/** The outcome is on disk; only tidying up is left. */
const ENDED = ['committed', 'quarantined'] as const;

/** What ends a rollout whose candidate never became active, or is not active any more. */
const GIVE_UP = ['dropCandidate', 'forget', 'settle'] as const;
/** What ends a rollout whose candidate stays. */
const KEEP = ['dropPrevious', 'forget', 'settle'] as const;

// biome-ignore format: a table is read by its rows
export const TRANSITIONS: readonly Transition[] = [
  // A request comes. Before the swap the newest request wins at once; from the swap on it waits, one place, the newest wins.
  { from: ['idle'], on: 'requested', to: 'verifying', record: ['take'], effects: ['verify'],
    because: 'nothing is believed about a package before its signature' },
  { from: BEFORE_SWAP, on: 'requested', to: 'verifying', record: ['endSuperseded', 'take'], effects: ['dropCandidate', 'forget', 'verify'],
    because: 'the active model is untouched, so the newer wish counts at once' },
  { from: ['swapping', 'watching', 'rollingBack', ...ENDED], on: 'requested', to: 'same', record: ['queue'], effects: [],
    because: 'first it must be clear which model stays; one request waits, the newest' },

  // Verify
  { from: ['verifying'], on: 'verified', when: 'isActive', to: 'committed', record: ['name', 'endCommitted'], effects: KEEP,
    because: 'the very same bytes are active already' },
  { from: ['verifying'], on: 'verified', when: 'isQuarantined', to: 'idle', record: ['blameQuarantine', 'endRefused'], effects: GIVE_UP,
    because: 'it was found bad here before, and nobody forces it' },
  { from: ['verifying'], on: 'verified', to: 'staging', record: ['name'], effects: ['stage'],
    because: 'the source may vanish: we keep our own copy' },
  { from: ['verifying'], on: 'refused', to: 'idle', record: ['endRefused'], effects: GIVE_UP,
    because: 'not genuine, not for this device, or not there; not quarantined, as its name cannot be trusted' },

  // Stage
  { from: ['staging'], on: 'staged', to: 'testing', record: [], effects: ['test'],
    because: 'the copy is complete and on disk' },
  { from: ['staging'], on: 'stageFailed', to: 'idle', record: ['endRefused'], effects: GIVE_UP,
    because: 'the disk is full, or the source changed after it was verified' },

  // Test
  { from: ['testing'], on: 'testPassed', when: 'isFirst', to: 'swapping', record: ['keepEvidence'], effects: ['swap'],
    because: 'the first model of a slot has nothing to be compared with' },
  { from: ['testing'], on: 'testPassed', when: 'isAlone', to: 'swapping', record: ['keepEvidence'], effects: ['swap'],
    because: 'the active model does not answer, and there is none before it: nothing to compare with, and nothing to lose' },
  { from: ['testing'], on: 'testPassed', to: 'canary', record: ['keepEvidence'], effects: ['canary'],
    because: 'it works on this machine; now live data' },
  { from: ['testing'], on: 'testFailed', when: 'isOnlySlow', to: 'idle', record: ['keepEvidence', 'endRefused'], effects: GIVE_UP,
    because: 'too slow here and now, which a busy device says of good models too: it may be tried again' },
  { from: ['testing'], on: 'testFailed', to: 'quarantined', record: ['keepEvidence', 'quarantine', 'endRefused'], effects: GIVE_UP,
    because: 'it does not load, answers wrongly, or is too large' },
  { from: ['testing'], on: 'testImpossible', to: 'idle', record: ['endRefused'], effects: GIVE_UP,
    because: 'this device could not try it, which says nothing about the model' },

  // Canary
  { from: ['canary'], on: 'canaryHealthy', to: 'swapping', record: ['keepEvidence'], effects: ['swap'],
    because: 'it answers live windows as well as the active one' },
  { from: ['canary'], on: 'canaryUnhealthy', to: 'quarantined', record: ['keepEvidence', 'quarantine', 'endRefused'], effects: GIVE_UP,
    because: 'it is worse than the active one on the same windows' },
  { from: ['canary'], on: 'canaryUndecided', to: 'idle', record: ['keepEvidence', 'endRefused'], effects: GIVE_UP,
    because: 'too few windows came before the last deadline: no blame, and no swap without proof' },

  // Swap
  { from: ['swapping'], on: 'swapped', when: 'isFirst', to: 'committed', record: ['activate', 'endCommitted'], effects: KEEP,
    because: 'there is nothing to go back to, so there is no probation' },
  { from: ['swapping'], on: 'swapped', when: 'isAlone', to: 'committed', record: ['replace', 'endCommitted'], effects: KEEP,
    because: 'what it replaces does not answer: nobody wants to go back to it' },
  { from: ['swapping'], on: 'swapped', to: 'watching', record: ['activate'], effects: ['watch'],
    because: 'it answers; its probation begins' },
  { from: ['swapping'], on: 'swapFailed', when: 'isFirst', to: 'quarantined', record: ['quarantine', 'endRefused'], effects: GIVE_UP,
    because: 'it passed its test and then did not answer' },
  { from: ['swapping'], on: 'swapFailed', to: 'rollingBack', record: ['abandon'], effects: ['rollBack'],
    because: 'whoever answers now, the active one must' },

  // Watch
  { from: ['watching'], on: 'watchHealthy', to: 'committed', record: ['keepEvidence', 'endCommitted'], effects: KEEP,
    because: 'the probation is over: older releases are refused from now on' },
  { from: ['watching'], on: 'watchUnhealthy', to: 'rollingBack', record: ['keepEvidence', 'restore'], effects: ['rollBack'],
    because: 'bad in quality, speed, memory, or by crashing' },
  { from: ['watching'], on: 'activeBroken', to: 'rollingBack', record: ['restore'], effects: ['rollBack'],
    because: 'after a restart it does not load any more' },

  // Roll back: `active` is the good one already, on disk; what is left is to let it answer.
  { from: ['rollingBack'], on: 'rolledBack', when: 'isCancelled', to: 'idle', record: ['endCancelled'], effects: GIVE_UP,
    because: 'somebody changed their mind: no blame' },
  { from: ['rollingBack'], on: 'rolledBack', when: 'isDamaged', to: 'idle', record: ['endRolledBack'], effects: GIVE_UP,
    because: 'the disk lost it, which does not make the version a bad one: it may be installed anew' },
  { from: ['rollingBack'], on: 'rolledBack', to: 'quarantined', record: ['quarantine', 'endRolledBack'], effects: GIVE_UP,
    because: 'a bad version is remembered, and not activated again unless forced' },
  { from: ['rollingBack'], on: 'rollBackFailed', to: 'same', record: [], effects: ['rollBackLater'],
    because: 'the device may be able to in a while' },
  { from: ['rollingBack'], on: 'wayBackLost', when: 'isBlameless', to: 'idle', record: ['stay', 'endRefused'], effects: ['serve', 'dropPrevious', 'forget', 'settle'],
    because: 'the model before it does not load any more, and nothing is wrong with this one' },
  { from: ['rollingBack'], on: 'wayBackLost', when: 'isDamaged', to: 'idle', record: ['endRolledBack'], effects: ['silence', ...GIVE_UP],
    because: 'the disk lost both: the slot waits for a model, the same or another' },
  { from: ['rollingBack'], on: 'wayBackLost', to: 'quarantined', record: ['quarantine', 'endRolledBack'], effects: ['silence', ...GIVE_UP],
    because: 'one is bad, and the one before it does not load any more: the slot waits for another' },

  // The end
  { from: ['idle', ...ENDED], on: 'settled', when: 'isAwaited', to: 'verifying', record: ['takeQueued'], effects: ['verify'],
    because: 'a request waited for the slot' },
  { from: ['idle', ...ENDED], on: 'settled', to: 'idle', record: ['clear'], effects: [],
    because: 'nothing waits: the slot is free' },

  // Somebody changes their mind
  { from: BEFORE_SWAP, on: 'cancelRequested', to: 'idle', record: ['endCancelled'], effects: GIVE_UP,
    because: 'the active model is untouched' },
  { from: ['swapping'], on: 'cancelRequested', when: 'isFirst', refuse: 'E_ROLLOUT_BUSY',
    because: 'without it the slot would have no model at all' },
  { from: ['swapping'], on: 'cancelRequested', to: 'rollingBack', record: ['abandon'], effects: ['rollBack'],
    because: 'the swap may have happened or not: going back is right for both' },
  { from: ['watching'], on: 'cancelRequested', to: 'rollingBack', record: ['restore'], effects: ['rollBack'],
    because: 'cancelling after the swap is going back' },
  { from: ['idle', 'rollingBack', ...ENDED], on: 'cancelRequested', refuse: 'E_ROLLOUT_NOTHING',
    because: 'no rollout is under way that could be cancelled' },
  { from: ['idle'], on: 'rollbackRequested', when: 'hasPrevious', to: 'rollingBack', record: ['leave'], effects: ['rollBack'],
    because: 'an operator knows better than our gates' },
  { from: ['idle'], on: 'rollbackRequested', refuse: 'E_ROLLOUT_NOTHING',
    because: 'no previous model is kept' },
  { from: ['watching'], on: 'rollbackRequested', to: 'rollingBack', record: ['restore'], effects: ['rollBack'],
    because: 'an operator knows better than our gates' },
  { from: [...BEFORE_SWAP, 'swapping', 'rollingBack', ...ENDED], on: 'rollbackRequested', refuse: 'E_ROLLOUT_BUSY',
    because: 'it would not be clear which model is meant: cancel the rollout, or wait' },

  // The device starts. A start is counted before the model is loaded: it may be the model that brings the agent down.
  { from: ['idle'], on: 'booted', to: 'same', record: [], effects: ['serve', 'forget', 'settle'],
    because: 'an ordinary start; what a power cut left over is swept up' },
  { from: BEFORE_TEST, on: 'booted', when: 'isCrashLoop', to: 'idle', record: ['blameCrashLoop', 'endRefused'], effects: ['serve', ...GIVE_UP],
    because: 'the agent does not get through it' },
  { from: BEFORE_TEST, on: 'booted', to: 'verifying', record: ['countBoot', 'startOver'], effects: ['serve', 'verify'],
    because: 'a copy that was not finished is worth nothing; the source is asked again, and may be gone' },
  { from: [...UNDER_TEST, 'swapping'], on: 'booted', when: 'isCrashLoop', to: 'quarantined', record: ['blameCrashLoop', 'quarantine', 'endRefused'], effects: ['serve', ...GIVE_UP],
    because: 'the agent goes down with it again and again' },
  { from: [...UNDER_TEST, 'swapping'], on: 'booted', to: 'testing', record: ['countBoot', 'startOver'], effects: ['serve', 'test'],
    because: 'our copy is complete, but no runner holds it; the active model has not changed' },
  { from: ['watching'], on: 'booted', when: 'isCrashLoop', to: 'rollingBack', record: ['blameCrashLoop', 'restore'], effects: ['rollBack'],
    because: 'since it is active the agent does not stay up' },
  { from: ['watching'], on: 'booted', to: 'same', record: ['countBoot'], effects: ['serve', 'watch'],
    because: 'it is active; its probation begins anew' },
  { from: ['rollingBack'], on: 'booted', to: 'same', record: [], effects: ['rollBack'],
    because: 'the way back is gone to its end' },
  { from: ENDED, on: 'booted', to: 'same', record: ['tellAgain'], effects: ['serve', ...KEEP],
    because: 'the outcome is known; it may not have been told' },
  { from: ['idle', ...ENDED], on: 'activeBroken', when: 'hasPrevious', to: 'rollingBack', record: ['leave'], effects: ['rollBack'],
    because: 'it does not load any more, and the one before it may' },
  { from: ['idle', ...ENDED], on: 'activeBroken', to: 'same', record: [], effects: KEEP,
    because: 'nothing is there to go back to; the health of the agent tells it' },
  { from: ['verifying', 'testing'], on: 'activeBroken', when: 'hasPrevious', to: 'rollingBack', record: ['endRefused', 'leave'], effects: ['dropCandidate', 'rollBack'],
    because: 'readings must be answered first; the rollout may be asked for again' },
  { from: ['verifying'], on: 'activeBroken', to: 'same', record: [], effects: ['verify'],
    because: 'there is nothing to go back to, and the candidate may be the cure' },
  { from: ['testing'], on: 'activeBroken', to: 'same', record: [], effects: ['test'],
    because: 'there is nothing to go back to, and the candidate may be the cure' },
  { from: AFTER_REQUEST, on: 'stopped', to: 'same', record: ['uncountBoot'], effects: [],
    because: 'a stop in good order is no crash' },
  { from: ['idle', 'rollingBack', ...ENDED], on: 'stopped', to: 'same', record: [], effects: [],
    because: 'no starts are counted here' },
];

const ONLY_ITS_EFFECT = 'only the effect that runs in its own state tells it, and a stale answer is dropped';

/** Why an event cannot happen in the states that have no row for it. */
export const CANNOT_HAPPEN: Readonly<Partial<Record<EventType, string>>> = {
  verified: `cannot happen because ${ONLY_ITS_EFFECT} (verify, in verifying)`,
  refused: `cannot happen because ${ONLY_ITS_EFFECT} (verify, in verifying)`,
  staged: `cannot happen because ${ONLY_ITS_EFFECT} (stage, in staging)`,
  stageFailed: `cannot happen because ${ONLY_ITS_EFFECT} (stage, in staging)`,
  testPassed: `cannot happen because ${ONLY_ITS_EFFECT} (test, in testing)`,
  testFailed: `cannot happen because ${ONLY_ITS_EFFECT} (test, in testing)`,
  testImpossible: `cannot happen because ${ONLY_ITS_EFFECT} (test, in testing)`,
  canaryHealthy: `cannot happen because ${ONLY_ITS_EFFECT} (canary, in canary)`,
  canaryUnhealthy: `cannot happen because ${ONLY_ITS_EFFECT} (canary, in canary)`,
  canaryUndecided: `cannot happen because ${ONLY_ITS_EFFECT} (canary, in canary)`,
  swapped: `cannot happen because ${ONLY_ITS_EFFECT} (swap, in swapping)`,
  swapFailed: `cannot happen because ${ONLY_ITS_EFFECT} (swap, in swapping)`,
  watchHealthy: `cannot happen because ${ONLY_ITS_EFFECT} (watch, in watching)`,
  watchUnhealthy: `cannot happen because ${ONLY_ITS_EFFECT} (watch, in watching)`,
  rolledBack: `cannot happen because ${ONLY_ITS_EFFECT} (rollBack, in rollingBack)`,
  rollBackFailed: `cannot happen because ${ONLY_ITS_EFFECT} (rollBack, in rollingBack)`,
  wayBackLost: `cannot happen because ${ONLY_ITS_EFFECT} (rollBack, in rollingBack)`,
  settled: 'cannot happen because `settle` is the last effect of an ended rollout, and of a start in idle',
  activeBroken: 'cannot happen because `serve` is done at a start only, and no start leads here',
};
