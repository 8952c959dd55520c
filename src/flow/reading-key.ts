import type { InputSpec } from '../domain/agent-spec.ts';
import { compilePointer } from './pointer.ts';

/** Longest key: it becomes part of topics and ids, and AWS IoT limits a topic to 256 bytes. */
const MAX_KEY_LENGTH = 128;

/** Keys of topics already seen. Cleared when full: a flood of new topics costs time, not memory. */
const MAX_CACHED_TOPICS = 20_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const ILLEGAL = /[\u0000-\u001f\u007f/+#]/;

export type ReadKey = (topic: string, document: unknown) => string | undefined;

/** Builds the reader of one input's key: from a level of the topic, or from the payload. */
export function makeKeyReader(input: InputSpec): ReadKey {
  if ('pointer' in input.key) {
    const find = compilePointer(input.key.pointer);
    return (_topic, document) => checkKey(find(document));
  }
  const level = input.key.topicLevel;
  const cache = new Map<string, string | undefined>();
  return (topic) => {
    const known = cache.get(topic);
    if (known !== undefined) return known;
    const key = checkKey(topic.split('/')[level]);
    if (cache.size >= MAX_CACHED_TOPICS) cache.clear();
    cache.set(topic, key);
    return key;
  };
}

/** A number is a fair key too (machine 7); it must be exact to be one. */
function checkKey(raw: unknown): string | undefined {
  const key = typeof raw === 'number' && Number.isSafeInteger(raw) ? String(raw) : raw;
  if (typeof key !== 'string' || key === '' || key.length > MAX_KEY_LENGTH || ILLEGAL.test(key)) return undefined;
  return key.isWellFormed() ? key : undefined;
}
