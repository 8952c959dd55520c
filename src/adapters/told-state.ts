import type { Failure } from '../domain/errors.ts';
import type { BusState } from '../ports/bus.ts';
import type { Log } from '../ports/log.ts';

export type StateListener = (state: BusState, error: Failure | undefined) => void;

/** A state and its reason, told to whoever listens. Once stopped it stays so. */
export class ToldState {
  readonly #log: Log;
  readonly #listeners = new Set<StateListener>();
  #state: BusState = 'offline';
  #error: Failure | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  get state(): BusState {
    return this.#state;
  }

  get error(): Failure | undefined {
    return this.#error;
  }

  listen(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Keeps the reason, and tells nobody. */
  note(error: Failure | undefined): void {
    this.#error = error;
  }

  /** Tells it when the state is another one; else only keeps the reason. */
  become(state: BusState, error: Failure | undefined): void {
    if (state === this.#state) this.note(error);
    else this.tell(state, error);
  }

  tell(state: BusState, error: Failure | undefined): void {
    if (this.#state === 'stopped') return;
    this.#state = state;
    this.#error = error;
    for (const listener of [...this.#listeners]) {
      try {
        listener(state, error);
      } catch (err) {
        this.#log.error({ err, state }, 'a listener of the state failed');
      }
    }
  }
}
