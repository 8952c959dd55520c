import type { ErrorCode, Failure } from './errors.ts';

/** The states of one model's way through a slot, in the order of a good day. docs/guide/rollouts.md draws them. */
export const ROLLOUT_STATES = [
  'idle',
  'verifying',
  'staging',
  'testing',
  'canary',
  'swapping',
  'watching',
  'committed',
  'rollingBack',
  'quarantined',
] as const;
export type RolloutState = (typeof ROLLOUT_STATES)[number];

/** One version of one model in a slot: the folder that the agent's own store keeps. */
export type ModelRef = {
  readonly name: string;
  readonly version: string;
  /** Strictly increasing number of release.sig; 0 for a package that came with the agent. */
  readonly release: number;
  /** Hex SHA-256 over the package (the subject digest of model.sig): what exactly was verified. */
  readonly digest: string;
};

/** Who asked for a rollout, and what for. */
export type RolloutRequest = {
  /** Unique; a repeated id is the same rollout. */
  readonly id: string;
  /** Folder or zip of the package, where the requester put it. It may vanish as soon as it is staged. */
  readonly source: string;
  /** Activate although it is quarantined. Signed overrides for downgrades are inside the package. */
  readonly force: boolean;
  readonly requestedAtMs: number;
};

/** Why a verdict fell as it did: the gate, what was measured, what was allowed. */
export type Evidence = {
  readonly gate: Gate;
  readonly measured: number;
  readonly allowed: number;
  /** Windows, runs or cases it rests on. */
  readonly samples: number;
};

/** Everything a candidate is judged by. */
export const GATES = [
  'golden',
  'latency',
  'memory',
  'finite',
  'agreement',
  'errors',
  'drift',
  'alarmRate',
  'crashes',
] as const;
export type Gate = (typeof GATES)[number];

export type Verdict =
  | { readonly verdict: 'healthy'; readonly evidence: readonly Evidence[] }
  | {
      readonly verdict: 'unhealthy';
      readonly gate: Gate;
      readonly reason: string;
      readonly evidence: readonly Evidence[];
    }
  | { readonly verdict: 'undecided'; readonly reason: string; readonly evidence: readonly Evidence[] };

/** A version that is never activated again unless forced. */
export type Quarantined = {
  readonly ref: ModelRef;
  readonly reason: string;
  readonly sinceMs: number;
};

/** How a rollout ended. */
export type RolloutOutcome = {
  readonly id: string;
  readonly ref: ModelRef | undefined;
  readonly from: ModelRef | undefined;
  readonly outcome: 'committed' | 'rolledBack' | 'refused' | 'cancelled' | 'superseded';
  readonly code: ErrorCode | undefined;
  readonly reason: string;
  readonly evidence: readonly Evidence[];
  readonly startedAtMs: number;
  readonly endedAtMs: number;
};

/**
 * Everything a slot must know after a power cut. It is on disk, whole, before any effect of it happens.
 * Invariant: `active` names a complete, verified package in the store, at every instant after the first start.
 */
export type SlotRecord = {
  readonly slot: string;
  readonly state: RolloutState;
  readonly active: ModelRef | undefined;
  /** What was active before `active`: kept until the next commit, for `model rollback`. */
  readonly previous: ModelRef | undefined;
  /** What was `previous` before the swap: comes back when the candidate does not stay. Only while watching. */
  readonly older: ModelRef | undefined;
  readonly candidate: ModelRef | undefined;
  readonly request: RolloutRequest | undefined;
  /** Waits for the slot: a newer request replaces it (superseded). */
  readonly queued: RolloutRequest | undefined;
  /** When the current state was entered, milliseconds since 1970 UTC. */
  readonly sinceMs: number;
  readonly startedAtMs: number;
  /** Why it is rolling back or was refused; kept for the outcome. */
  readonly failure: Pick<Failure, 'code' | 'message'> | undefined;
  readonly evidence: readonly Evidence[];
  /** Starts of the agent without a stop in good order: since the request until the swap, then since the swap. */
  readonly boots: number;
  /** Highest release number ever committed: older ones are refused. */
  readonly releaseFloor: number;
  readonly quarantine: readonly Quarantined[];
  readonly last: RolloutOutcome | undefined;
};
