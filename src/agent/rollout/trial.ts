import { failure } from '../../domain/errors.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { ModelRef, Verdict } from '../../domain/rollout.ts';
import type { Clock } from '../../ports/clock.ts';
import type { StagedPackage } from '../../ports/slot-store.ts';
import type { Fault, RolloutEvent } from '../../rollout/events.ts';
import { judgeCanary } from '../../rollout/verdict/judge-canary.ts';
import { judgeWatch } from '../../rollout/verdict/judge-watch.ts';
import { toFault } from './faults.ts';
import type { ModelSlot } from './model-slot.ts';

/** A bad model answers readings for this long at most after its figures have shown it. Judging costs well under 1 ms. */
const LOOK_EVERY_MS = 50;

type TrialNeeds = { readonly slot: ModelSlot; readonly clock: Clock };

/** Shows the candidate live windows until its figures decide. Rejects only when it is aborted. */
export async function runCanary(
  { slot, clock }: TrialNeeds,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<RolloutEvent> {
  const startedMs = clock.monotonic();
  slot.startCanary();
  try {
    for (;;) {
      const elapsedMs = clock.monotonic() - startedMs;
      const { verdict, final } = judgeCanary(slot.canaryFigures(), manifest.task, manifest.gates, elapsedMs);
      const { evidence } = verdict;
      if (verdict.verdict === 'healthy') return { type: 'canaryHealthy', evidence };
      if (verdict.verdict === 'unhealthy') return { type: 'canaryUnhealthy', failure: atGate(verdict), evidence };
      if (final) return { type: 'canaryUndecided', failure: undecided(verdict), evidence };
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  } finally {
    slot.stopCanary();
  }
}

/** Watches the new active model through its probation. Rejects only when it is aborted. */
export async function runWatch(
  { slot, clock }: TrialNeeds,
  { ref, manifest }: StagedPackage,
  previous: ModelRef | undefined,
  signal: AbortSignal,
): Promise<RolloutEvent> {
  const { gates, output } = manifest;
  await slot.startWatch(ref, previous);
  const startedMs = clock.monotonic();
  try {
    for (;;) {
      signal.throwIfAborted();
      const elapsedMs = clock.monotonic() - startedMs;
      const verdict = judgeWatch(slot.watchFigures(), output.reference, gates, elapsedMs);
      const { evidence } = verdict;
      if (verdict.verdict === 'healthy') return { type: 'watchHealthy', evidence };
      if (verdict.verdict === 'unhealthy') return { type: 'watchUnhealthy', failure: atGate(verdict), evidence };
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  } finally {
    slot.stopWatch();
  }
}

export function atGate(verdict: Verdict): Fault {
  return toFault(failure('E_ROLLOUT_GATE', reasonOf(verdict)));
}

function undecided(verdict: Verdict): Fault {
  return toFault(failure('E_ROLLOUT_UNDECIDED', reasonOf(verdict)));
}

function reasonOf(verdict: Verdict): string | undefined {
  return verdict.verdict === 'healthy' ? undefined : verdict.reason;
}
