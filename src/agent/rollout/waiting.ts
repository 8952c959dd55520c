import type { Result } from '../../domain/errors.ts';
import type { RolloutOutcome } from '../../domain/rollout.ts';

type Told = (outcome: Result<RolloutOutcome>) => void;

export type Wait = { readonly outcome: Promise<Result<RolloutOutcome>>; readonly forget: () => void };

/** Who waits for the outcome of which rollout. */
export class Waiting {
  readonly #told = new Map<string, Set<Told>>();

  has(id: string): boolean {
    return this.#told.has(id);
  }

  /** Joins those who wait for `id`. */
  wait(id: string): Wait {
    const { promise, resolve } = Promise.withResolvers<Result<RolloutOutcome>>();
    const all = this.#told.get(id) ?? new Set();
    this.#told.set(id, all.add(resolve));
    const forget = () => {
      all.delete(resolve);
      if (all.size === 0 && this.#told.get(id) === all) this.#told.delete(id);
    };
    return { outcome: promise, forget };
  }

  tell(id: string, outcome: Result<RolloutOutcome>): void {
    const all = this.#told.get(id) ?? [];
    this.#told.delete(id);
    for (const told of all) told(outcome);
  }

  tellAll(outcome: Result<RolloutOutcome>): void {
    for (const id of [...this.#told.keys()]) this.tell(id, outcome);
  }
}
