import type { Failure } from '../domain/errors.ts';
import type { Evidence, ModelRef, RolloutRequest } from '../domain/rollout.ts';

/** The part of a failure that is kept on disk. */
export type Fault = Pick<Failure, 'code' | 'message'>;

/**
 * Everything that can happen to a rollout: what people ask for, what effects tell, what the device goes through. `alone`: the
 * active model does not answer and will not, and no other is kept.
 */
export type RolloutEvent =
  // Asked for
  | { readonly type: 'requested'; readonly request: RolloutRequest }
  | { readonly type: 'cancelRequested'; readonly failure: Fault }
  | { readonly type: 'rollbackRequested'; readonly id: string; readonly failure: Fault }
  // Told by effects
  | { readonly type: 'verified'; readonly ref: ModelRef }
  | { readonly type: 'refused'; readonly failure: Fault }
  | { readonly type: 'staged' }
  | { readonly type: 'stageFailed'; readonly failure: Fault }
  | { readonly type: 'testPassed'; readonly evidence: readonly Evidence[]; readonly alone?: boolean }
  | { readonly type: 'testFailed'; readonly failure: Fault; readonly evidence: readonly Evidence[] }
  | { readonly type: 'testImpossible'; readonly failure: Fault }
  | { readonly type: 'canaryHealthy'; readonly evidence: readonly Evidence[] }
  | { readonly type: 'canaryUnhealthy'; readonly failure: Fault; readonly evidence: readonly Evidence[] }
  | { readonly type: 'canaryUndecided'; readonly failure: Fault; readonly evidence: readonly Evidence[] }
  | { readonly type: 'swapped'; readonly alone?: boolean }
  | { readonly type: 'swapFailed'; readonly failure: Fault }
  | { readonly type: 'watchHealthy'; readonly evidence: readonly Evidence[] }
  | { readonly type: 'watchUnhealthy'; readonly failure: Fault; readonly evidence: readonly Evidence[] }
  | { readonly type: 'rolledBack' }
  | { readonly type: 'rollBackFailed' }
  | { readonly type: 'wayBackLost'; readonly lost: Fault }
  | { readonly type: 'settled' }
  // Gone through
  | { readonly type: 'booted' }
  | { readonly type: 'stopped' }
  | { readonly type: 'activeBroken'; readonly id: string; readonly failure: Fault };

export type EventType = RolloutEvent['type'];

/** What the shell does after the record is saved. The last one of a list may answer with an event; each may be repeated. */
export const EFFECTS = {
  serve: 'load the active model and let it answer',
  verify: 'prove that the package is genuine and meant for this device',
  stage: "copy it into the agent's own store, hashing what is written",
  test: 'load it in a spare runner; golden cases, latency, memory',
  canary: 'mirror live windows to it and compare; only the active model answers',
  swap: 'let it answer from the next batch on; the old one stays warm',
  watch: 'judge it on live windows, the previous one beside it',
  rollBack: 'let the active model of the record answer again',
  rollBackLater: 'try that again after a pause',
  silence: 'let nothing answer: what is loaded is bad, and what was before it is lost',
  dropCandidate: "end the candidate's runner",
  dropPrevious: 'end the runner of the previous model',
  forget: 'delete every package of the slot but those that the record names',
  settle: 'look whether another request waits',
} as const;
export type Effect = keyof typeof EFFECTS;
