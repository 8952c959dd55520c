import type { Result } from '../../domain/errors.ts';
import type { ModelRef } from '../../domain/rollout.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { RolloutEvent } from '../../rollout/events.ts';
import { isDamage, isDeviceFault, toFault } from './faults.ts';
import type { ModelSlot } from './model-slot.ts';

/** The way back is tried again after this, doubled each time up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A model that loaded here before may not for a moment; with the pauses between them, these tries take three minutes. */
const MAX_TRIES = 10;

export type WayBackNeeds = { readonly slot: Pick<ModelSlot, 'rollBack'>; readonly clock: Clock; readonly log: Log };

/** Where a way back led to: whether the model answers, and what that means for the rollout. */
type Went = { readonly served: Result<void>; readonly event: RolloutEvent };

/** Lets the model before answer again: tried with pauses, given up when it is lost. */
export class WayBack {
  readonly #needs: WayBackNeeds;
  #pauseMs = FIRST_PAUSE_MS;
  #tries = 0;

  constructor(needs: WayBackNeeds) {
    this.#needs = needs;
  }

  async go(to: ModelRef): Promise<Went> {
    const served = await this.#needs.slot.rollBack(to);
    if (served.ok) {
      this.#beginAgain();
      return { served, event: { type: 'rolledBack' } };
    }
    const fault = toFault(served.error);
    this.#needs.log.error({ version: to.version, ...fault }, 'rollout.rollBackFailed');
    this.#tries++;
    // What the device lacks would keep any model from answering: giving up would be no help.
    const isLost = isDamage(fault) || (!isDeviceFault(fault) && this.#tries >= MAX_TRIES);
    if (!isLost) return { served, event: { type: 'rollBackFailed' } };
    this.#beginAgain();
    const lost = { ...fault, message: `the way back to ${to.version}: ${fault.message}` };
    return { served, event: { type: 'wayBackLost', lost } };
  }

  /** Longer from time to time. Rejects when it is aborted. */
  async pause(signal: AbortSignal): Promise<void> {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    await this.#needs.clock.sleep(pauseMs, signal);
  }

  #beginAgain(): void {
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#tries = 0;
  }
}
