/** Limits of AWS IoT Core that the classic nucleus checks by itself (IotCoreTopicValidator). */
const MAX_TOPIC_LENGTH = 256;
const MAX_SLASHES = 7;
/** `$…` topics that it does not know: their own limits are left to IoT Core. */
const MAX_RESERVED_LENGTH = 512;
/** The first segments of these do not count. */
const UNCOUNTED_PREFIX = { publish: /^\$aws\/rules\/[^/]+\//, subscribe: /^(\$aws\/rules\/[^/]+|\$share\/[^/]+)\// };

/** Says what is wrong with a topic or filter; undefined: nothing. */
export function topicProblem(topic: string, use: 'publish' | 'subscribe'): string | undefined {
  if (topic === '') return 'Topic must not be empty';
  if (use === 'publish' && /[+#]/.test(topic)) {
    return "Publish topics must not contain wildcard characters of '#' or '+'";
  }
  const counted = topic.replace(UNCOUNTED_PREFIX[use], '');
  if (counted === topic && topic.startsWith('$')) {
    return topic.length > MAX_RESERVED_LENGTH
      ? `Reserved topic is longer than ${MAX_RESERVED_LENGTH} bytes`
      : undefined;
  }
  if (counted.split('/').length - 1 > MAX_SLASHES) {
    return `The request topic must have no more than ${MAX_SLASHES} forward slashes (/)`;
  }
  return counted.length > MAX_TOPIC_LENGTH
    ? `The topic size of request must be no larger than ${MAX_TOPIC_LENGTH} bytes of UTF-8 encoded characters`
    : undefined;
}
