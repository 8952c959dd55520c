import { matchesFilter } from '../../domain/topic-filter.ts';
import type { JsonValue, NucleusMode } from './services.ts';

/** A message of the local bus: JSON as it is, or bytes as base64. */
export type LocalMessage =
  | { readonly kind: 'json'; readonly message: JsonValue }
  | { readonly kind: 'binary'; readonly base64: string };

export type ReceiveMode = 'RECEIVE_ALL_MESSAGES' | 'RECEIVE_MESSAGES_FROM_OTHERS';

export type LocalSubscription = {
  readonly filter: string;
  /** Who subscribes: a component, or a part of the nucleus. */
  readonly component: string;
  /** Undefined: all on an exact topic, others' on a filter with wildcards. lite knows none and delivers everything. */
  readonly receiveMode?: ReceiveMode | undefined;
  readonly deliver: (topic: string, message: LocalMessage) => void;
};

/** The local publish/subscribe of a nucleus: nothing is kept, whoever listens now gets it. */
export class PubSub {
  readonly #mode: NucleusMode;
  readonly #subscriptions = new Set<LocalSubscription>();

  constructor(mode: NucleusMode) {
    this.#mode = mode;
  }

  /** Returns a function that ends the subscription. How many there are is bounded by who lets clients in. */
  subscribe(subscription: LocalSubscription): () => void {
    const own = { ...subscription };
    this.#subscriptions.add(own);
    return () => this.#subscriptions.delete(own);
  }

  /** Loses every subscription without a word to whoever holds it, and tells what they were: as a broken part of the nucleus. */
  forget(): readonly string[] {
    const filters = [...this.#subscriptions].map(({ filter }) => filter);
    this.#subscriptions.clear();
    return filters;
  }

  publish(from: string, topic: string, message: LocalMessage): void {
    for (const subscription of [...this.#subscriptions]) {
      if (this.#wants(subscription, from, topic)) subscription.deliver(topic, message);
    }
  }

  #wants({ filter, component, receiveMode }: LocalSubscription, from: string, topic: string): boolean {
    if (this.#mode === 'lite') return matchesFilter(filter, topic);
    if (!matchesAsClassic(filter, topic)) return false;
    const mode = receiveMode ?? (hasWildcard(filter) ? 'RECEIVE_MESSAGES_FROM_OTHERS' : 'RECEIVE_ALL_MESSAGES');
    return mode === 'RECEIVE_ALL_MESSAGES' || component !== from;
  }
}

/**
 * classic walks its own trie (SubscriptionTrie), which differs from MQTT: `a/#` does not match `a`, wildcards match
 * topics that start with `$`, and slashes at the end do not count.
 */
export function matchesAsClassic(filter: string, topic: string): boolean {
  const wanted = levels(filter);
  const given = levels(topic);
  for (const [index, level] of wanted.entries()) {
    const other = given[index];
    if (other === undefined) return false;
    if (level === '#' && index === wanted.length - 1) return true;
    // A `#` in the middle stands for one level, as `+` does.
    if (level !== '+' && level !== '#' && level !== other) return false;
  }
  return wanted.length === given.length;
}

function hasWildcard(filter: string): boolean {
  const parts = levels(filter);
  return parts.some((level, index) => level === '+' || (level === '#' && index === parts.length - 1));
}

function levels(topic: string): readonly string[] {
  return topic.replace(/(?<=[^/])\/+$/, '').split('/');
}
