import { splitRoute } from '../../domain/route.ts';
import { matchesFilter } from '../../domain/topic-filter.ts';

/** AWS IoT's limit, the tightest of the usual brokers. */
const MAX_TOPIC_BYTES = 256;

/** What the agent listens to for commands. Replies are one level deeper, so they never come back as commands. */
export function commandFilter(thing: string): string {
  return `cmd/edge-agent/${thing}/+`;
}

/** The verb in a command's topic, which matched the filter. */
export function verbOf(topic: string): string {
  return topic.slice(topic.lastIndexOf('/') + 1);
}

export function defaultReplyTopic(thing: string, verb: string): string {
  return `cmd/edge-agent/${thing}/${verb}/reply`;
}

/**
 * Says why a reply may not go to `topic`, or undefined. Whoever may send commands chooses this topic: it must not make
 * the agent talk to itself, command another device, write a shadow or move an actuator (`forbidden`: topic filters).
 */
export function replyTopicProblem(topic: string, forbidden: readonly string[]): string | undefined {
  if (topic === '') return 'is empty';
  if (Buffer.byteLength(topic) > MAX_TOPIC_BYTES) return `is longer than ${MAX_TOPIC_BYTES} bytes`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[+#\u0000-\u001f\u007f]/.test(topic) || !topic.isWellFormed()) return 'is not a topic to publish to';
  if (splitRoute(topic).route !== undefined) return 'names a bus: replies go to the bus that commands come by';
  if (topic.startsWith('$')) return 'starts with $, where brokers and clouds listen';
  const inTheWay = [commandFilter('+'), ...forbidden].find((filter) => matchesFilter(filter, topic));
  return inTheWay === undefined ? undefined : `is one that devices act upon (${inTheWay})`;
}
