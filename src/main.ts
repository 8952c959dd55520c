import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { FileAudit } from './adapters/audit-file.ts';
import { ControlSocket } from './adapters/control-socket.ts';
import { createRunner } from './adapters/onnx/create-runner.ts';
import { pinoLog } from './adapters/pino-log.ts';
import { ShadowTopics } from './adapters/shadow/shadow-topics.ts';
import { SqliteOutbox } from './adapters/sqlite/outbox.ts';
import { systemClock } from './adapters/system-clock.ts';
import { Commands } from './agent/commands/commands.ts';
import { EdgeAgent } from './agent/edge-agent.ts';
import { Lifecycle, type Part } from './agent/lifecycle.ts';
import { Counters } from './agent/metrics.ts';
import { ShadowReporter } from './agent/shadow-reporter.ts';
import { Steering } from './agent/steering.ts';
import { joinBuses, makeBus, startBroker } from './compose/bus.ts';
import { makeHealth, metricsPart } from './compose/health.ts';
import { modelStore } from './compose/model-store.ts';
import { type InForce, makeReload, topicsActedUpon } from './compose/reload.ts';
import { makeInboxes, makeRollouts } from './compose/rollouts.ts';
import type { Config } from './config/config.ts';
import { commandRoute, routeFailure } from './config/route-problems.ts';
import { EdgeError, type Failure, failure, type Result } from './domain/errors.ts';
import { DEVICE_COUNTERS } from './domain/metrics.ts';
import type { Route } from './domain/route.ts';
import type { ExecuteControl } from './ports/control-server.ts';
import type { Log } from './ports/log.ts';

/** Facts an outbox keeps: alarms going on and commands remembered. 1,000 sensors in alarm leave room to spare. */
const MAX_FACTS = 10_000;

/** The named shadow beside whatever shadows the thing has already. */
const SHADOW_NAME = 'edge-agent';

/** Any timer keeps the process alive; this one shall do nothing else. */
const STILL_STARTING_MS = 60_000;

/** A device that could not start has nothing worth waiting for. */
const STOP_AFTER_FAILURE_MS = 2_000;

/** Alarms and commands are nobody else's business; a sandbox writes to its scratch folder as another user. */
const PRIVATE = 0o700;
const ANYBODY = 0o777;

export type DeviceOptions = {
  readonly config: Config;
  /** Where relative paths of the configuration start: the folder of its file. */
  readonly baseDir: string;
  /** Reads the configuration again, for `reload`; undefined where there is no file. */
  readonly reread?: (() => Promise<Result<Config>>) | undefined;
  readonly log?: Log | undefined;
};

export type Device = {
  /** Where the bus is: of an embedded broker, with the port that it got. */
  readonly url: string;
  /** Why no agent at all could start; undefined while one does. */
  readonly refusal: Failure | undefined;
  /** Ends everything in order within `deadlineMs`. Idempotent. */
  stop(deadlineMs: number): Promise<void>;
};

/** Puts a device together from its configuration and starts it. Throws an EdgeError when it cannot run at all. */
export async function startDevice(options: DeviceOptions): Promise<Device> {
  const { config, baseDir } = options;
  const { thing } = config;
  const available: ReadonlySet<Route> = new Set(['mqtt']);
  const nowhere = routeFailure(config, available);
  if (nowhere !== undefined) throw new EdgeError(nowhere);
  const clock = systemClock;
  const log = options.log ?? pinoLog({ level: config.log.level });
  const stateDir = resolve(baseDir, config.stateDir);
  await makeFolder(stateDir, PRIVATE);
  const scratchOf = (agent: string) => join(stateDir, 'scratch', agent);
  for (const { name, runner } of config.agents)
    if (runner.storage && runner.isolation === 'sandbox') await makeFolder(scratchOf(name), ANYBODY);

  const { broker, url } =
    config.bus.kind === 'embedded'
      ? await startBroker(config.bus.port, log)
      : { broker: undefined, url: config.bus.url };
  const mqtt = await makeBus(url, config.bus, baseDir, log.child({ part: 'bus' }));
  const outbox = new SqliteOutbox({
    file: join(stateDir, 'outbox.db'),
    ...config.outbox,
    maxFacts: MAX_FACTS,
    clock,
    log: log.child({ part: 'outbox' }),
  });

  const counters = new Counters(DEVICE_COUNTERS);
  const buses = joinBuses(new Map([['mqtt', mqtt]]), { outbox, clock, log, counters });
  const audit = new FileAudit({ file: join(stateDir, 'audit.jsonl'), clock, log });
  const rolledOut = config.rollouts && makeRollouts(config.rollouts, { baseDir, stateDir, audit, log });
  const rollouts = rolledOut?.needs;
  const bootId = randomBytes(6).toString('base64url');
  const mode = () => steering.mode;
  const agents = config.agents.map((spec) => {
    const agentLog = log.child({ agent: spec.name });
    const scratchFolder = scratchOf(spec.name);
    const { device } = spec.model;
    const makeRunner = (use: 'active' | 'candidate') => {
      const label = use === 'active' ? spec.runner.label : `${spec.runner.label}-candidate`;
      return createRunner({ ...spec.runner, label, device, clock, log: agentLog, scratchFolder });
    };
    const models = modelStore(baseDir);
    return new EdgeAgent({
      thing,
      bootId,
      spec,
      models,
      makeRunner,
      bus: buses.router,
      outbox,
      clock,
      log: agentLog,
      mode,
      rollouts,
    });
  });

  const inForce: InForce = { config, buses: available };
  const health = makeHealth({ buses: buses.all, outbox, agents, counters });
  const steering: Steering = new Steering({
    version: packageJson.version,
    startedAtMs: clock.now(),
    logLevel: config.log.level,
    log,
    health: () => health,
    agents: () => agents,
    reload: makeReload(options.reread, inForce, agents, (level) => steering.setLogLevel(level)),
  });
  const forbiddenReplies = () => topicsActedUpon(inForce.config);
  const commands = new Commands({
    thing,
    bus: buses.router,
    route: commandRoute(config, available),
    outbox,
    clock,
    log,
    controls: steering,
    counters,
    forbiddenReplies,
    audit,
  });
  const execute: ExecuteControl = ({ verb, args, ...from }) => commands.execute(verb, args, from);
  const control = new ControlSocket({ folder: join(stateDir, 'control'), execute, clock, log });
  const shadow = new ShadowTopics({ thing, name: SHADOW_NAME, bus: mqtt, clock, log: log.child({ part: 'shadow' }) });
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
      controlPart(control, log),
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
  return { url, refusal: refusalOfAll(agents), stop: (deadlineMs) => lifecycle.stop(deadlineMs) };
}

/** A device that has taken rollouts stays reachable, whatever has become of its models: the next one may be the cure. */
function refusalOfAll(agents: readonly EdgeAgent[]): Failure | undefined {
  if (agents.some(({ rollouts }) => rollouts?.record().active !== undefined)) return undefined;
  const refusals = agents.map((agent) => agent.status()).filter(({ state }) => state === 'refused');
  return refusals.length === agents.length ? refusals[0]?.problem : undefined;
}

/** Without `commands.enabled` the bus is not listened to; the control socket of this machine still is. */
function commandsPart(commands: Commands, enabled: boolean): Part {
  const start = () => (enabled ? commands.start() : undefined);
  return { name: 'commands', start, stop: (deadlineMs) => commands.stop(deadlineMs) };
}

/** An agent that cannot be asked on the spot still does its work. */
function controlPart(control: ControlSocket, log: Log): Part {
  const start = async () => {
    const started = await control.start();
    if (!started.ok) log.error({ code: started.error.code, reason: started.error.message }, 'no control socket');
  };
  return { name: 'control socket', start, stop: () => control.stop() };
}

async function makeFolder(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode });
  } catch (cause) {
    throw new EdgeError(failure('E_STATE_FOLDER', folder, cause));
  }
}
