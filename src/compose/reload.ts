import { isDeepStrictEqual } from 'node:util';
import type { ReloadReport } from '../agent/commands/controls.ts';
import type { EdgeAgent } from '../agent/edge-agent.ts';
import type { Config } from '../config/config.ts';
import { planReload } from '../config/reload.ts';
import { routeFailure } from '../config/route-problems.ts';
import { fail, ok, type Result } from '../domain/errors.ts';
import { type Route, splitRoute } from '../domain/route.ts';
import { compileTopic } from '../flow/topic.ts';
import type { LogLevel } from '../ports/log.ts';

/** Topics that devices act upon, on whatever bus. No reply to a command is sent to one of them. */
export function topicsActedUpon({ agents, thing }: Config): string[] {
  const written = agents.flatMap(({ name, inputs, decisions }) => [
    ...inputs.map(({ topic }) => topic),
    ...decisions.alarms.flatMap(({ action }) =>
      action === undefined ? [] : compileTopic(action.topic, { thing, agent: name })('+'),
    ),
  ]);
  return written.map((topic) => splitRoute(topic).topic);
}

/** The configuration as it was taken up: a reload changes what it may. The buses stay. */
export type InForce = { config: Config; readonly buses: ReadonlySet<Route> };

type Agents = readonly Pick<EdgeAgent, 'name' | 'objection' | 'setDecisions' | 'takesDecisions'>[];
type TakeUp = (next: Config) => Result<ReloadReport>;

/** Reads the configuration again and takes up what can change while running; a failure changes nothing. */
export function makeReload(
  reread: (() => Promise<Result<Config>>) | undefined,
  takeUpConfig: TakeUp,
): () => Promise<Result<ReloadReport>> {
  return async () => {
    if (reread === undefined) return fail('E_COMMAND_FAILED', 'this device was started without a configuration file');
    const next = await reread();
    return next.ok ? takeUpConfig(next.value) : next;
  };
}

/** Takes up what can change while running; a failure changes nothing. */
export function makeTakeUp(inForce: InForce, agents: Agents, setLogLevel: (level: LogLevel) => void): TakeUp {
  return (next) => {
    const plan = putOff(planReload(inForce.config, next), agents);
    // What was refused stays as it is, and is refused again the next time.
    const taken = takeUp(inForce.config, next, plan);
    const nowhere = routeFailure(taken, inForce.buses);
    if (nowhere !== undefined) return { ok: false, error: nowhere };
    const changes = agents.flatMap((agent, index) => {
      const spec = taken.agents[index];
      return spec !== undefined && touches(plan, index) ? [{ agent, spec }] : [];
    });
    for (const { agent, spec } of changes) {
      const objection = agent.objection(spec);
      if (objection !== undefined) return fail('E_CONFIG_INVALID', objection);
    }
    for (const { agent, spec } of changes) agent.setDecisions(spec.decisions);
    if (plan.applied.includes('log.level')) setLogLevel(next.log.level);
    inForce.config = taken;
    return ok(plan);
  };
}

/** What the models of the agents that stay have against a configuration that is only proposed. */
export function objectionsTo(next: Config, { config }: InForce, agents: Agents): readonly string[] {
  return agents.flatMap((agent, index) => {
    const after = next.agents.find(({ name }) => name === agent.name);
    if (after === undefined || isDeepStrictEqual(config.agents[index], after)) return [];
    const objection = agent.objection(after);
    return objection === undefined ? [] : [`agents.${agent.name}: ${objection}`];
  });
}

function takeUp(current: Config, next: Config, plan: ReloadReport): Config {
  if (plan.applied.length === 0) return current;
  const agents = current.agents.map((agent, index) => ({
    ...agent,
    decisions: (touches(plan, index) ? next.agents[index]?.decisions : undefined) ?? agent.decisions,
  }));
  return { ...current, log: next.log, agents };
}

function touches({ applied }: ReloadReport, index: number): boolean {
  return applied.some((path) => isOf(index, path));
}

function isOf(index: number, path: string): boolean {
  return path.startsWith(`agents[${index}].decisions`);
}

/** The cure of an agent that could not start must be welcome: it waits for the next start. */
function putOff({ applied, refused }: ReloadReport, agents: Agents): ReloadReport {
  const later = agents.flatMap(({ takesDecisions }, index) =>
    takesDecisions ? [] : applied.filter((path) => isOf(index, path)),
  );
  return {
    applied: applied.filter((path) => !later.includes(path)),
    refused: [...refused, ...later.map((path) => ({ path, reason: 'the agent is not running: at the next start' }))],
  };
}
