import type { PreUpdateAsker } from '../services.ts';
import type { EventStream } from './operation.ts';

/** Timeout of a deployment's componentUpdatePolicy, unless it sets one. */
const DEFAULT_TIMEOUT_MS = 60_000;

export type Deferral = 'taken' | 'not subscribed' | 'too late';

/** Who wants to be asked before updates, and what they answered (LifecycleIPCEventStreamAgent of classic). */
export class ComponentUpdates {
  readonly #streams = new Map<string, Set<EventStream>>();
  /** Component and deployment -> who waits for the answer. */
  readonly #pending = new Map<string, (ms: number | undefined) => void>();

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
    const place = key(component, deploymentId);
    return new Promise((resolve) => {
      const settle = (ms: number | undefined) => {
        clearTimeout(late);
        if (this.#pending.get(place) === settle) this.#pending.delete(place);
        resolve(ms);
      };
      const late = setTimeout(() => settle(undefined), timeoutMs);
      this.#pending.set(place, settle);
      for (const stream of streams) stream.send({ preUpdateEvent: { deploymentId, isGgcRestarting } });
    });
  };

  readonly tell = (deploymentId: string): void => {
    for (const streams of this.#streams.values()) {
      for (const stream of streams) stream.send({ postUpdateEvent: { deploymentId } });
    }
  };

  /** Answers for all that are being asked: none of them can any more. */
  end(): void {
    for (const settle of [...this.#pending.values()]) settle(undefined);
  }

  /** Takes the answer of a component. */
  defer(component: string, deploymentId: string, recheckAfterMs: number): Deferral {
    if (!this.#streams.has(component)) return 'not subscribed';
    const settle = this.#pending.get(key(component, deploymentId));
    if (settle === undefined) return 'too late';
    settle(recheckAfterMs);
    return 'taken';
  }
}

function key(component: string, deploymentId: string): string {
  return JSON.stringify([component, deploymentId]);
}
