import { matchesFilter } from '../../domain/topic-filter.ts';
import type { Handler } from '../../ports/bus.ts';

/** Topics whose handlers are remembered, about 2 MB; when full, all are forgotten: matching again costs microseconds. */
const MAX_REMEMBERED_TOPICS = 10_000;

const NOBODY: readonly Handler[] = [];

/**
 * Finds the handlers of a topic. The answer is remembered a topic, so that the cost of a message is one look-up whether
 * there is one topic or a thousand.
 */
export class TopicRouter {
  readonly #handlers: (readonly [filter: string, handler: Handler])[] = [];
  #remembered = new Map<string, readonly Handler[]>();

  /** Two agents may listen to the same filter: each handler is kept. */
  add(filter: string, handler: Handler): void {
    this.#handlers.push([filter, handler]);
    this.#remembered = new Map();
  }

  handlers(topic: string): readonly Handler[] {
    return this.#remembered.get(topic) ?? this.#match(topic);
  }

  #match(topic: string): readonly Handler[] {
    const matching = this.#handlers.filter(([filter]) => matchesFilter(filter, topic)).map(([, handler]) => handler);
    const found = matching.length === 0 ? NOBODY : matching;
    if (this.#remembered.size >= MAX_REMEMBERED_TOPICS) this.#remembered.clear();
    this.#remembered.set(topic, found);
    return found;
  }
}
