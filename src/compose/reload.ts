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

type Agents = readonly Pick<EdgeAgent, 'name' | 'objection' | 'setDecisions'>[];
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
    const plan = planReload(inForce.config, next);
    // What was refused stays as it is, and is refused again the next time.
    const taken = takeUp(inForce.config, next, plan);
    const nowhere = routeFailure(taken, inForce.buses);
    if (nowhere !== undefined) return { ok: false, error: nowhere };
    const changes = agents.flatMap((agent, index) => {
      const touched = plan.applied.some((path) => path.startsWith(`agents[${index}].decisions`));
      const decisions = next.agents[index]?.decisions;
      return touched && decisions !== undefined ? [{ agent, decisions }] : [];
    });
    for (const { agent, decisions } of changes) {
      const objection = agent.objection(decisions);
      if (objection !== undefined) return fail('E_CONFIG_INVALID', objection);
    }
    for (const { agent, decisions } of changes) agent.setDecisions(decisions);
    if (plan.applied.includes('log.level')) setLogLevel(next.log.level);
    inForce.config = taken;
    return ok(plan);
  };
}

/** What the models of the agents that stay have against a configuration that is only proposed. */
export function objectionsTo(next: Config, { config }: InForce, agents: Agents): readonly string[] {
  return agents.flatMap((agent, index) => {
    const before = config.agents[index];
    const after = next.agents.find(({ name }) => name === agent.name);
    if (before === undefined || after === undefined || before.model.path !== after.model.path) return [];
    if (isDeepStrictEqual(before.decisions, after.decisions)) return [];
    const objection = agent.objection(after.decisions);
    return objection === undefined ? [] : [`agents.${agent.name}: ${objection}`];
  });
}

function takeUp(current: Config, next: Config, { applied }: ReloadReport): Config {
  if (applied.length === 0) return current;
  const agents = current.agents.map((agent, index) => ({
    ...agent,
    decisions: next.agents[index]?.decisions ?? agent.decisions,
  }));
  return { ...current, log: next.log, agents };
}
