import type { Hold } from '../../ports/component-host.ts';

/**
 * The longest that a deployment is kept waiting, however often it asks. The nucleus has no bound of its own: it asks
 * again after each `recheckAfterMs`, for ever (UpdateSystemPolicyService). A rollout is between its swap and its commit
 * for its probation: ten minutes unless the manifest says more, three times that when no windows come. What lasts longer
 * must not keep a security fix away.
 */
export const MAX_HOLD_MS = 30 * 60_000;

/** The nucleus counts in seconds: it sleeps one between two looks at the answers. */
const SHORTEST_MS = 1_000;

/** One stretch of waiting, of one deployment or of several that followed each other while it lasted. */
export type Holding = { readonly sinceMs: number; readonly untilMs: number };

/**
 * How long after it was due to ask again a deployment may still come, and count as waiting since then: the nucleus starts
 * anew, or gives the deployment up for a newer one. Whoever comes later finds a fresh bound.
 */
export const SAME_STRETCH_MS = 5 * 60_000;

export type Answer = {
  /** What the nucleus is told: 0 lets the deployment come at once, no answer would make it wait for its whole timeout. */
  readonly recheckAfterMs: number;
  readonly holding: Holding | undefined;
  /** How long it has waited so far. */
  readonly heldMs: number;
  /** True: there is a reason to wait, but it has waited long enough. */
  readonly exhausted: boolean;
};

/** Answers a deployment that asks whether it may come. Pure: `nowMs` is monotonic. */
export function answerDeployment(hold: Hold | undefined, holding: Holding | undefined, nowMs: number): Answer {
  const current = holding !== undefined && nowMs <= holding.untilMs + SAME_STRETCH_MS ? holding : undefined;
  const sinceMs = current?.sinceMs ?? nowMs;
  const heldMs = nowMs - sinceMs;
  if (hold === undefined) return { recheckAfterMs: 0, holding: undefined, heldMs, exhausted: false };
  const leftMs = MAX_HOLD_MS - heldMs;
  // The stretch is remembered: the next deployment, a second later, is not to wait all over again.
  if (leftMs < SHORTEST_MS) {
    return { recheckAfterMs: 0, holding: { sinceMs, untilMs: nowMs }, heldMs, exhausted: true };
  }
  const recheckAfterMs = Math.floor(Math.min(Math.max(hold.forMs, SHORTEST_MS), leftMs));
  return { recheckAfterMs, holding: { sinceMs, untilMs: nowMs + recheckAfterMs }, heldMs, exhausted: false };
}
