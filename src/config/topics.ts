import { ROUTES, type Route, splitRoute } from '../domain/route.ts';
import { matchesFilter } from '../domain/topic-filter.ts';
import { MAX_IOT_CORE_BYTES, MAX_IOT_CORE_SLASHES, MAX_TOPIC_LENGTH } from './limits.ts';

const PLACEHOLDERS = ['{thing}', '{agent}', '{key}'];

/** Says what is wrong with an MQTT topic filter (MQTT 5, 4.7) behind the name of its bus, or undefined. */
export function filterProblem(written: string): string | undefined {
  const { route, topic: filter } = splitRoute(written);
  const common = textProblem(filter) ?? almostRoute(written) ?? routeProblem(route, filter);
  if (common !== undefined) return common;
  const levels = filter.split('/');
  if (levels.some((level, at) => level.includes('#') && (level !== '#' || at !== levels.length - 1))) {
    return 'has a # that is not alone in the last level';
  }
  if (levels.some((level) => level.includes('+') && level !== '+')) return 'has a + that is not alone in its level';
  return undefined;
}

/** Says what is wrong with a topic to publish to, whose {thing}, {agent} and {key} are filled in later, or undefined. */
export function templateProblem(written: string): string | undefined {
  const { topic: template } = splitRoute(written);
  const common = textProblem(template) ?? almostRoute(written);
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

/** `IoT-Core:x` is a topic like any other; whoever wrote it meant something else. */
function almostRoute(written: string): string | undefined {
  const before = /^([a-z]+[-_ ]?[a-z]+):/i.exec(written)?.[1];
  const meant = ROUTES.find((route) => before !== route && before?.toLowerCase().replace(/[-_ ]/, '') === route);
  return meant && `begins with ${before}:, and the bus is written ${meant}:`;
}

type Names = { readonly thing: string; readonly agent: string };

/** Says what its bus has against the topics made from a template by `names`, or undefined. */
export function madeTopicProblem(written: string, names: Names): string | undefined {
  const { route, topic } = splitRoute(written);
  const made = fill(topic, names);
  if (route !== undefined) return routeProblem(route, made.replaceAll('{key}', 'k'));
  const [head = '', ...rest] = made.split('{key}');
  const open = ROUTES.find((name) => made.startsWith(`${name}:`) || (rest.length > 0 && `${name}:`.startsWith(head)));
  return open && 'begins with a placeholder, whose text could name a bus';
}

/** AWS IoT Core's limits of topics and filters; the first three levels of Basic Ingest do not count. */
function routeProblem(route: Route | undefined, topic: string): string | undefined {
  if (route !== 'iotcore') return undefined;
  const counted = topic.replace(/^\$aws\/rules\/[^/]+\//, '');
  const slashes = counted.split('/').length - 1;
  const bytes = Buffer.byteLength(counted);
  if (slashes > MAX_IOT_CORE_SLASHES)
    return `has ${slashes} slashes; AWS IoT Core takes ${MAX_IOT_CORE_SLASHES} at most`;
  if (bytes > MAX_IOT_CORE_BYTES) return `is ${bytes} bytes long; AWS IoT Core takes ${MAX_IOT_CORE_BYTES} at most`;
  return undefined;
}

/** Tells whether two topics may be of one bus. One without a name is the broker's, or local where there is none. */
export function mayShareBus(a: Route | undefined, b: Route | undefined): boolean {
  if (a === b) return true;
  return a === undefined ? b !== 'iotcore' : b === undefined && a !== 'iotcore';
}

/** Tells whether some topic made from `template` is matched by `filter`. A {key} may become any text of one level. */
export function mayMatch(filter: string, template: string, names: Names): boolean {
  const heard = splitRoute(filter);
  const made = splitRoute(template);
  return mayShareBus(heard.route, made.route) && matchesFilter(heard.topic, fill(made.topic, names), levelMayMatch);
}

function fill(template: string, { thing, agent }: Names): string {
  return template.replaceAll('{thing}', thing).replaceAll('{agent}', agent);
}

function levelMayMatch(wanted: string, made: string): boolean {
  if (wanted === made) return true;
  const parts = made.split('{key}');
  if (parts.length === 1) return false;
  return wanted.startsWith(parts[0] ?? '') && wanted.endsWith(parts.at(-1) ?? '');
}
