import { matchesFilter } from '../domain/topic-filter.ts';
import { MAX_TOPIC_LENGTH } from './limits.ts';

const PLACEHOLDERS = ['{thing}', '{agent}', '{key}'];

/** Says what is wrong with an MQTT topic filter (MQTT 5, 4.7), or undefined. */
export function filterProblem(filter: string): string | undefined {
  const common = textProblem(filter);
  if (common !== undefined) return common;
  const levels = filter.split('/');
  if (levels.some((level, at) => level.includes('#') && (level !== '#' || at !== levels.length - 1))) {
    return 'has a # that is not alone in the last level';
  }
  if (levels.some((level) => level.includes('+') && level !== '+')) return 'has a + that is not alone in its level';
  return undefined;
}

/** Says what is wrong with a topic to publish to, whose {thing}, {agent} and {key} are filled in later, or undefined. */
export function templateProblem(template: string): string | undefined {
  const common = textProblem(template);
  if (common !== undefined) return common;
  if (/[+#]/.test(template)) return 'has a wildcard; a topic to publish to has none';
  const known = PLACEHOLDERS.reduce((rest, placeholder) => rest.replaceAll(placeholder, ''), template);
  if (/[{}]/.test(known)) return `has a placeholder that is none of ${PLACEHOLDERS.join(', ')}`;
  return undefined;
}

function textProblem(topic: string): string | undefined {
  if (topic === '') return 'is empty';
  if (topic.length > MAX_TOPIC_LENGTH) return `is longer than ${MAX_TOPIC_LENGTH} characters`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for; brokers may cut the connection
  if (/[\u0000-\u001f\u007f-\u009f]/.test(topic) || !topic.isWellFormed()) return 'has control characters';
  return undefined;
}

/** Tells whether some topic made from `template` is matched by `filter`. A {key} may become any text of one level. */
export function mayMatch(filter: string, template: string, names: { thing: string; agent: string }): boolean {
  const topic = template.replaceAll('{thing}', names.thing).replaceAll('{agent}', names.agent);
  return matchesFilter(filter, topic, levelMayMatch);
}

function levelMayMatch(wanted: string, made: string): boolean {
  if (wanted === made) return true;
  const parts = made.split('{key}');
  if (parts.length === 1) return false;
  return wanted.startsWith(parts[0] ?? '') && wanted.endsWith(parts.at(-1) ?? '');
}
