import { z } from 'zod';
import { LOG_LEVELS } from '../ports/log.ts';
import type { ShadowDocument } from '../ports/shadow.ts';
import { AGENT_MODES, type AgentControls, type PipelineStatus } from './commands/controls.ts';
import { problemsOf } from './commands/envelope.ts';

/** Asleep or awake, all agents together; `until` is ISO 8601. */
export type SleepIntent = boolean | { readonly until: string };

export type DesiredError = { readonly path: string; readonly reason: string };

/** One thing that is desired: `mode`, `sleep`, `logLevel`, or `thresholds.AGENT.RULE`. */
export type Intent = { readonly path: readonly string[]; readonly value: unknown };

const MODE = z.enum(AGENT_MODES);
const LOG_LEVEL = z.enum(LOG_LEVELS);
const SLEEP = z.union([z.boolean(), z.strictObject({ until: z.iso.datetime({ offset: true }) })], {
  error: 'must be true, false or {until: ISO 8601}',
});
const THRESHOLD = z
  .strictObject({ raise: z.number().optional(), clear: z.number().optional() })
  .refine(({ raise, clear }) => raise !== undefined || clear !== undefined, 'needs raise or clear');

/** Splits what is desired into things that succeed or fail by themselves. */
export function intentsOf(desired: ShadowDocument): readonly Intent[] {
  return Object.entries(desired).flatMap(([field, value]) => {
    if (field !== 'thresholds' || !isObject(value)) return [{ path: [field], value }];
    return Object.entries(value).flatMap(([agent, rules]) => {
      if (!isObject(rules)) return [{ path: [field, agent], value: rules }];
      return Object.entries(rules).map(([rule, threshold]) => ({ path: [field, agent, rule], value: threshold }));
    });
  });
}

/** Does what is desired. Answers with the reason when it cannot, with undefined when it is done. */
export function applyIntent({ path, value }: Intent, controls: AgentControls, nowMs: number): string | undefined {
  const [field, agent, rule] = path;
  switch (field) {
    case 'mode':
      return parsed(MODE, value, (mode) => controls.setMode(mode));
    case 'logLevel':
      return parsed(LOG_LEVEL, value, (level) => controls.setLogLevel(level));
    case 'sleep':
      return parsed(SLEEP, value, (sleep) => applySleep(sleep, controls, nowMs));
    case 'thresholds':
      if (agent === undefined || rule === undefined) return 'must be {AGENT: {RULE: {raise, clear}}}';
      return applyThreshold(agent, rule, value, controls);
    default:
      return 'is not known';
  }
}

/** How the agents sleep now, in the words of the intent where it still holds. Agents that cannot run do not count. */
export function sleepOf(agents: readonly PipelineStatus[], intent: unknown): SleepIntent {
  const asleep = agents.filter(({ state }) => state === 'asleep');
  if (asleep.length === 0 || agents.some(({ state }) => state === 'running')) return false;
  const untilMs = asleep.map(({ sleepUntilMs }) => sleepUntilMs ?? Number.POSITIVE_INFINITY);
  const firstMs = Math.min(...untilMs);
  if (firstMs === Number.POSITIVE_INFINITY) return true;
  const asWritten = SLEEP.safeParse(intent);
  if (asWritten.success && typeof asWritten.data === 'object' && Date.parse(asWritten.data.until) === firstMs) {
    return asWritten.data;
  }
  return { until: new Date(firstMs).toISOString() };
}

/** An end that is past wakes: the sleep was had, or slept through by being off. */
function applySleep(sleep: SleepIntent, { agents }: AgentControls, nowMs: number): void {
  const untilMs = typeof sleep === 'object' ? Date.parse(sleep.until) : undefined;
  const wakes = sleep === false || (untilMs !== undefined && untilMs <= nowMs);
  for (const agent of agents.values()) {
    if (wakes) agent.wake();
    else agent.sleep(untilMs);
  }
}

function applyThreshold(name: string, rule: string, value: unknown, { agents }: AgentControls): string | undefined {
  const agent = agents.get(name);
  if (agent === undefined) return 'there is no such agent';
  const { thresholds } = agent.status();
  const now = Object.hasOwn(thresholds, rule) ? thresholds[rule] : undefined;
  if (now === undefined) return 'there is no such rule';
  // A delta names only what differs: the rest stays as it is.
  const read = THRESHOLD.safeParse(value);
  if (!read.success) return problemsOf(read.error);
  const { raise = now.raise, clear = now.clear } = read.data;
  if (now.direction === 'above' && clear > raise) return 'clear must not be above raise';
  if (now.direction === 'below' && clear < raise) return 'clear must not be below raise';
  const set = agent.setThreshold(rule, raise, clear);
  return set.ok ? undefined : set.error.message;
}

function parsed<T>(schema: z.ZodType<T>, value: unknown, apply: (value: T) => void): string | undefined {
  const read = schema.safeParse(value);
  if (!read.success) return problemsOf(read.error);
  apply(read.data);
  return undefined;
}

function isObject(value: unknown): value is ShadowDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
