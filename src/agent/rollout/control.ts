import type { Failure, Result } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SlotStore } from '../../ports/slot-store.ts';
import type { RolloutControl } from '../commands/controls.ts';
import type { RolloutDriver } from './driver.ts';

export type RolloutControlNeeds = {
  readonly slot: string;
  readonly driver: RolloutDriver;
  readonly store: Pick<SlotStore, 'list'>;
  readonly clock: Clock;
  /** Why the driver is never started, and a wish would wait for ever; undefined: it is, or will be. */
  readonly undriven: () => Failure | undefined;
};

/** The rollouts of one slot, as others steer them. */
export function rolloutControl({ slot, driver, store, clock, undriven }: RolloutControlNeeds): RolloutControl {
  const whenPossible = <T>(wish: () => Promise<Result<T>>): Promise<Result<T>> => {
    const error = undriven();
    return error === undefined ? wish() : Promise.resolve({ ok: false, error });
  };
  return {
    request: (request) => whenPossible(() => driver.request({ ...request, requestedAtMs: clock.now() })),
    rollBack: (id) => whenPossible(() => driver.rollBack(id)),
    cancel: () => whenPossible(() => driver.cancel()),
    record: () => driver.status(),
    list: () => store.list(slot),
  };
}
