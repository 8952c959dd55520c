import type { SlotRecord } from '../../domain/rollout.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { SlotStore } from '../../ports/slot-store.ts';
import { toFault } from './faults.ts';

type PersistNeeds = { readonly store: SlotStore; readonly clock: Clock; readonly log: Log };

/** A disk that refuses is asked again after this. */
const SAVE_AGAIN_MS = 1_000;

/** Saves for as long as it takes: acting on a state that is not on disk would break every promise. False: stopped first. */
export async function persist(
  { store, clock, log }: PersistNeeds,
  record: SlotRecord,
  stopping: AbortSignal,
): Promise<boolean> {
  while (!stopping.aborted) {
    const saved = await store.save(record);
    if (saved.ok) return true;
    log.error({ slot: record.slot, state: record.state, ...toFault(saved.error) }, 'rollout.notSaved');
    await clock.sleep(SAVE_AGAIN_MS, stopping).catch(() => {});
  }
  return false;
}
