/** A topic or filter is at most this many bytes of UTF-8 (MQTT 3.1.1, 1.5.3): its length has two bytes. */
const MAX_TOPIC_BYTES = 65_535;

/** Tells whether a message may be published to `topic` (MQTT 3.1.1, 4.7): not empty, no wildcard, no NUL. */
export function isValidTopic(topic: string): boolean {
  return isValidLength(topic) && !/[+#\0]/.test(topic);
}

/** Tells whether `filter` may be subscribed to: `+` and `#` fill a whole level, and `#` is the last one. */
export function isValidFilter(filter: string): boolean {
  if (!isValidLength(filter) || filter.includes('\0')) return false;
  const levels = filter.split('/');
  return levels.every((level, index) => {
    if (level === '#') return index === levels.length - 1;
    return level === '+' || !/[+#]/.test(level);
  });
}

/**
 * Tells whether `topic` matches `filter` (MQTT 3.1.1, 4.7.1 and 4.7.2). `a/#` matches `a` too; a wildcard in the first
 * level matches no topic that starts with `$`. `same` compares two levels: by their text, unless given.
 */
export function matchesFilter(filter: string, topic: string, same: SameLevel = isEqual): boolean {
  const wanted = filter.split('/');
  const given = topic.split('/');
  if (topic.startsWith('$') && (wanted[0] === '+' || wanted[0] === '#')) return false;
  for (const [index, level] of wanted.entries()) {
    if (level === '#') return true;
    const other = given[index];
    if (other === undefined || (level !== '+' && !same(level, other))) return false;
  }
  return wanted.length === given.length;
}

/** Tells whether `wide` matches every topic that `narrow` matches. */
export function coversFilter(wide: string, narrow: string): boolean {
  const rest = narrow.split('/').indexOf('#');
  return matchesFilter(wide, narrow) && (rest < 0 || wide.split('/')[rest] !== '+');
}

type SameLevel = (wanted: string, given: string) => boolean;

function isEqual(wanted: string, given: string): boolean {
  return wanted === given;
}

function isValidLength(topic: string): boolean {
  return topic.length > 0 && Buffer.byteLength(topic) <= MAX_TOPIC_BYTES;
}
