import { join, resolve } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { FileAudit } from './adapters/audit-file.ts';
import { pinoLog } from './adapters/pino-log.ts';
import { ShadowTopics } from './adapters/shadow/shadow-topics.ts';
import { SqliteOutbox } from './adapters/sqlite/outbox.ts';
import { systemClock } from './adapters/system-clock.ts';
import { Commands } from './agent/commands/commands.ts';
import type { ReloadReport } from './agent/commands/controls.ts';
import { Lifecycle } from './agent/lifecycle.ts';
import { Counters } from './agent/metrics.ts';
import { ShadowReporter } from './agent/shadow-reporter.ts';
import { Steering } from './agent/steering.ts';
import { makeAgents, makeScratchFolders, refusalOfAll, unsettledSlot } from './compose/agents.ts';
import { joinBuses, openBroker } from './compose/bus.ts';
import { componentEnv } from './compose/component-env.ts';
import { commandsPart, controlPart } from './compose/control.ts';
import { makeFolder, PRIVATE } from './compose/folders.ts';
import type { ComponentOptions } from './compose/greengrass.ts';
import { makeHealth, metricsPart } from './compose/health.ts';
import { type Platform, routesOf } from './compose/platform.ts';
import { type InForce, makeReload, makeTakeUp, objectionsTo, topicsActedUpon } from './compose/reload.ts';
import { makeInboxes, makeRollouts } from './compose/rollouts.ts';
import type { Config } from './config/config.ts';
import { commandRoute, routeFailure } from './config/route-problems.ts';
import { EdgeError, type Failure, type Result } from './domain/errors.ts';
import { DEVICE_COUNTERS } from './domain/metrics.ts';
import type { Log } from './ports/log.ts';

/** Facts an outbox keeps: alarms going on and commands remembered. 1,000 sensors in alarm leave room to spare. */
const MAX_FACTS = 10_000;

/** The named shadow beside whatever shadows the thing has already. */
const SHADOW_NAME = 'edge-agent';

/** Any timer keeps the process alive; this one shall do nothing else. */
const STILL_STARTING_MS = 60_000;

/** A device that could not start has nothing worth waiting for. */
const STOP_AFTER_FAILURE_MS = 2_000;

export type DeviceOptions = {
  readonly config: Config;
  /** Where relative paths of the configuration start: the folder of its file. */
  readonly baseDir: string;
  /** Reads the configuration again, for `reload`; undefined where there is no file. */
  readonly reread?: (() => Promise<Result<Config>>) | undefined;
  readonly log?: Log | undefined;
  /** What there is beside the broker: undefined outside Greengrass. */
  readonly platform?: Platform | undefined;
  /** Where the launcher goes (OPENCLAW_HOME); undefined: there is none. */
  readonly home?: string | undefined;
};

export type Device = {
  /** Where the broker is: of an embedded one, with the port that it got. Undefined: this device has none. */
  readonly url: string | undefined;
  /** Why no agent at all could start; undefined while one does. */
  readonly refusal: Failure | undefined;
  /** Takes up what can change while running, and tells what cannot; a failure changes nothing. */
  takeUp(next: Config): Result<ReloadReport>;
  /** What speaks against a configuration that is only proposed. */
  objectionsTo(next: Config): readonly string[];
  /** Why now is no good time to end: an agent is between swap and commit. */
  unsettled(): string | undefined;
  /** Ends everything in order within `deadlineMs`. Idempotent. */
  stop(deadlineMs: number): Promise<void>;
};

/** How a device starts as a Greengrass component; undefined where the environment says that it is none. */
export function startComponent(env: NodeJS.ProcessEnv) {
  const component = componentEnv(env);
  if (component === undefined) return undefined;
  return async (options: Omit<ComponentOptions, 'env' | 'startDevice'>) => {
    const greengrass = await import('./compose/greengrass.ts');
    return greengrass.startComponent({ ...options, env: component, startDevice });
  };
}

/** Puts a device together from its configuration and starts it. Throws an EdgeError when it cannot run at all. */
export async function startDevice(options: DeviceOptions): Promise<Device> {
  const { config, baseDir, platform, home } = options;
  const { thing } = config;
  const available = routesOf(config, platform);
  const nowhere = routeFailure(config, available);
  if (nowhere !== undefined) throw new EdgeError(nowhere);
  const clock = systemClock;
  const log = options.log ?? pinoLog({ level: config.log.level });
  const stateDir = resolve(baseDir, config.stateDir);
  await makeFolder(stateDir, PRIVATE);
  await makeScratchFolders(config, stateDir);

  const broker = available.has('mqtt') ? await openBroker(config.bus, baseDir, log) : undefined;
  const outbox = new SqliteOutbox({
    file: join(stateDir, 'outbox.db'),
    ...config.outbox,
    maxFacts: MAX_FACTS,
    clock,
    log: log.child({ part: 'outbox' }),
  });

  const counters = new Counters(DEVICE_COUNTERS);
  const found = new Map([...(broker?.buses ?? []), ...(platform?.makeBuses(thing, log) ?? [])]);
  const buses = joinBuses(found, { outbox, clock, log, counters });
  const audit = new FileAudit({ file: join(stateDir, 'audit.jsonl'), clock, log });
  const rolledOut = config.rollouts && makeRollouts(config.rollouts, { baseDir, stateDir, audit, log });
  const rollouts = rolledOut?.needs;
  const mode = () => steering.mode;
  const agents = makeAgents(config, { baseDir, stateDir, bus: buses.router, outbox, mode, rollouts, log });

  const inForce: InForce = { config, buses: available };
  const takeUp = makeTakeUp(inForce, agents, (level) => steering.setLogLevel(level));
  const health = makeHealth({ buses: buses.all, outbox, agents, counters });
  const steering: Steering = new Steering({
    version: packageJson.version,
    startedAtMs: clock.now(),
    logLevel: config.log.level,
    log,
    health: () => health,
    agents: () => agents,
    reload: makeReload(options.reread, takeUp),
    configuration: platform && (() => platform.configuration()),
  });
  const forbiddenReplies = () => topicsActedUpon(inForce.config);
  const route = commandRoute(config, available);
  const controlled = { controls: steering, counters, forbiddenReplies, audit };
  const commands = new Commands({ thing, bus: buses.router, route, outbox, clock, log, ...controlled });
  const shadowPlace = { thing, name: SHADOW_NAME, log: log.child({ part: 'shadow' }) };
  const shadow =
    platform?.makeShadow(shadowPlace, buses.all) ?? new ShadowTopics({ ...shadowPlace, bus: buses.main, clock });
  const { heartbeatMs } = config.shadow;
  const reporter = new ShadowReporter({ shadow, controls: steering, clock, log, counters, heartbeatMs });

  // Everything has subscribed before the bus connects: a broker that kept messages for us sends them at once.
  const lifecycle = new Lifecycle(
    [
      { name: 'broker', start: () => {}, stop: () => broker?.stop() },
      { name: 'outbox', start: () => outbox.start(), stop: () => outbox.stop() },
      { name: 'audit', start: () => audit.start(), stop: () => audit.stop() },
      ...(rolledOut === undefined ? [] : [rolledOut.part]),
      buses.ending,
      buses.senders,
      ...agents.map((agent) => ({
        name: `agent ${agent.name}`,
        start: () => agent.prepare(),
        stop: (deadlineMs: number) => agent.stop(deadlineMs),
      })),
      commandsPart(commands, config.commands.enabled),
      controlPart(commands, { stateDir, home, log }),
      ...(config.shadow.enabled
        ? [{ name: 'shadow', start: () => reporter.start(), stop: () => reporter.stop() }]
        : []),
      { name: 'health', start: () => health.start(), stop: () => health.stop() },
      ...(config.metrics.port === undefined ? [] : [metricsPart(config.metrics.port, health, log)]),
      buses.connection,
      { name: 'models', start: () => Promise.all(agents.map((agent) => agent.load())), stop: () => {} },
      ...makeInboxes(config.rollouts?.inbox, { agents, baseDir, audit, log }),
    ],
    { clock, log },
  );
  // Until the bus connects there may be nothing but timers that keep no process alive, such as a commit's.
  const alive = setInterval(() => {}, STILL_STARTING_MS);
  try {
    await lifecycle.start();
  } catch (error) {
    await lifecycle.stop(STOP_AFTER_FAILURE_MS);
    throw error;
  } finally {
    clearInterval(alive);
  }
  return {
    url: broker?.url,
    refusal: refusalOfAll(agents),
    takeUp,
    objectionsTo: (next) => objectionsTo(next, inForce, agents),
    unsettled: () => unsettledSlot(agents),
    stop: (deadlineMs) => lifecycle.stop(deadlineMs),
  };
}
