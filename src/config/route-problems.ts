import { type Failure, failure } from '../domain/errors.ts';
import { type Route, splitRoute } from '../domain/route.ts';
import type { Config } from './config.ts';
import type { Problem } from './problems.ts';

const HINTS: Readonly<Record<Route, string>> = {
  mqtt: 'Give bus.url or bus.embedded, or name another bus.',
  local: 'Only a Greengrass component has it; elsewhere name mqtt, or none.',
  iotcore: 'Only a Greengrass component has it; elsewhere name mqtt, or none, and give bus.url.',
};

/** Lists everything in a configuration that names a bus which this device does not have. */
export function routeProblems(config: Config, available: ReadonlySet<Route>): readonly Problem[] {
  return namedRoutes(config).flatMap(([path, route]) => {
    if (route === undefined || available.has(route)) return [];
    const problem = `names the bus ${route}, which this device does not have`;
    return [{ code: 'E_CONFIG_UNSUPPORTED', path, problem, hint: HINTS[route] } as const];
  });
}

/** The first of those problems as a failure that stops a start or a reload; undefined where there is none. */
export function routeFailure(config: Config, available: ReadonlySet<Route>): Failure | undefined {
  const [first, ...others] = routeProblems(config, available);
  if (first === undefined) return undefined;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return failure(first.code, `${first.path} ${first.problem}${more}. ${first.hint}`);
}

/** The bus of commands: as configured, else IoT Core where it is; undefined: that of topics which name none. */
export function commandRoute({ commands }: Config, available: ReadonlySet<Route>): Route | undefined {
  return commands.bus ?? (available.has('iotcore') ? 'iotcore' : undefined);
}

function namedRoutes({ agents, commands }: Config): (readonly [path: string, route: Route | undefined])[] {
  const topics = agents.flatMap(({ inputs, outputs, decisions }, at) => [
    ...inputs.map(({ topic }, input) => [`agents[${at}].inputs[${input}].topic`, topic] as const),
    ...(outputs.results === 'none' ? [] : [[`agents[${at}].outputs.resultTopic`, outputs.resultTopic] as const]),
    [`agents[${at}].outputs.alarmTopic`, outputs.alarmTopic] as const,
    ...decisions.alarms.flatMap(({ action }, alarm) =>
      action === undefined ? [] : [[`agents[${at}].decisions.alarms[${alarm}].action.topic`, action.topic] as const],
    ),
  ]);
  return [
    ...(commands.enabled ? [['commands.bus', commands.bus] as const] : []),
    ...topics.map(([path, topic]) => [path, splitRoute(topic).route] as const),
  ];
}
