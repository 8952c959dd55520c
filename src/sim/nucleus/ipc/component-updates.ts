import type { PreUpdateAsker } from '../services.ts';
import type { EventStream } from './operation.ts';
import { Questions } from './questions.ts';

/** Timeout of a deployment's componentUpdatePolicy, unless it sets one. */
const DEFAULT_TIMEOUT_MS = 60_000;

export type Deferral = 'taken' | 'not subscribed' | 'too late';

/** Who wants to be asked before updates, and what they answered (LifecycleIPCEventStreamAgent of classic). */
export class ComponentUpdates {
  readonly #streams = new Map<string, Set<EventStream>>();
  readonly #questions = new Questions<number | undefined>(undefined);

  subscribe(component: string, stream: EventStream): void {
    const streams = this.#streams.get(component) ?? new Set();
    this.#streams.set(component, streams.add(stream));
    stream.onClosed(() => {
      streams.delete(stream);
      if (streams.size === 0) this.#streams.delete(component);
    });
  }

  /** Asks one component, on all its streams; the first answer counts. */
  readonly ask: PreUpdateAsker = (component, deploymentId, isGgcRestarting, timeoutMs = DEFAULT_TIMEOUT_MS) => {
    const streams = this.#streams.get(component);
    if (streams === undefined) return Promise.resolve(undefined);
    return this.#questions.ask(component, deploymentId, timeoutMs, () => {
      for (const stream of streams) stream.send({ preUpdateEvent: { deploymentId, isGgcRestarting } });
    });
  };

  readonly tell = (deploymentId: string): void => {
    for (const streams of this.#streams.values()) {
      for (const stream of streams) stream.send({ postUpdateEvent: { deploymentId } });
    }
  };

  /** No component can answer any more. */
  end(): void {
    this.#questions.end();
  }

  /** Takes the answer of a component. */
  defer(component: string, deploymentId: string, recheckAfterMs: number): Deferral {
    if (!this.#streams.has(component)) return 'not subscribed';
    return this.#questions.answer(component, deploymentId, recheckAfterMs) ? 'taken' : 'too late';
  }
}
