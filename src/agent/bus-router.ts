import { type Route, splitRoute } from '../domain/route.ts';
import type { Handler, Messaging, Outgoing } from '../ports/bus.ts';

/** Every bus of a device by its name, and the one of topics that name none. */
export type BusChoice = { readonly buses: ReadonlyMap<Route, Messaging>; readonly fallback: Route };

/**
 * Several buses as one, for those who listen and publish: the prefix of a topic chooses, and no bus sees it. Each is
 * started, watched and stopped by itself: a state of them all would say nothing that anybody could act upon. A bus that
 * is not there is a bug: the configuration was held against those that are (config/route-problems.ts).
 */
export class BusRouter implements Messaging {
  readonly #buses: ReadonlyMap<Route, Messaging>;
  readonly #fallback: Route;

  constructor({ buses, fallback }: BusChoice) {
    this.#buses = buses;
    this.#fallback = fallback;
  }

  subscribe(filter: string, qos: 0 | 1, handler: Handler): void {
    const { route, topic } = splitRoute(filter);
    this.#busOf(route).subscribe(topic, qos, handler);
  }

  /**
   * Each bus gets its messages in one call, in order. False when any bus took none of its own: whoever counts what is
   * lost hands over messages of one bus, as an agent's results are.
   */
  publishDirect(messages: readonly Outgoing[]): boolean {
    const parts = new Map<Messaging, Outgoing[]>();
    for (const message of messages) {
      const { route, topic } = splitRoute(message.topic);
      const bus = this.#busOf(route);
      const part = parts.get(bus) ?? [];
      if (part.length === 0) parts.set(bus, part);
      part.push(route === undefined ? message : { ...message, topic });
    }
    return [...parts].map(([bus, part]) => bus.publishDirect(part)).every((taken) => taken);
  }

  #busOf(route: Route = this.#fallback): Messaging {
    const bus = this.#buses.get(route);
    if (bus === undefined) throw new Error(`there is no bus ${route}`);
    return bus;
  }
}
