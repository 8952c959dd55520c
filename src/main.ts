import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import packageJson from '../package.json' with { type: 'json' };
import type { EmbeddedBroker } from './adapters/aedes/embedded-broker.ts';
import { MqttBus } from './adapters/mqtt/mqtt-bus.ts';
import type { TlsOptions } from './adapters/mqtt/open-socket.ts';
import { createRunner } from './adapters/onnx/create-runner.ts';
import { runnerLaunch } from './adapters/onnx/launch.ts';
import { probeDevices } from './adapters/onnx/probe.ts';
import { pinoLog } from './adapters/pino-log.ts';
import { sandboxAvailable } from './adapters/sandbox/bubblewrap.ts';
import { ShadowTopics } from './adapters/shadow/shadow-topics.ts';
import { SqliteOutbox } from './adapters/sqlite/outbox.ts';
import { systemClock } from './adapters/system-clock.ts';
import { Commands } from './agent/commands/commands.ts';
import type { ReloadReport } from './agent/commands/controls.ts';
import { EdgeAgent } from './agent/edge-agent.ts';
import { Health } from './agent/health.ts';
import { Lifecycle, type Part } from './agent/lifecycle.ts';
import { Counters } from './agent/metrics.ts';
import { samplesOf } from './agent/samples.ts';
import { Sender } from './agent/sender.ts';
import { ShadowReporter } from './agent/shadow-reporter.ts';
import { Steering } from './agent/steering.ts';
import type { DoctorProbes } from './cli/doctor.ts';
import { packageFolder } from './cli/package-folder.ts';
import { makeRollouts } from './compose/rollouts.ts';
import type { BusConfig, Config, TlsConfig } from './config/config.ts';
import { planReload } from './config/reload.ts';
import { EdgeError, type Failure, fail, failure, ok, type Result } from './domain/errors.ts';
import { DEVICE_COUNTERS, type DeviceCounter } from './domain/metrics.ts';
import { compileTopic } from './flow/topic.ts';
import { openPackage, readVariant } from './package/load.ts';
import type { Bus } from './ports/bus.ts';
import type { Log, LogLevel } from './ports/log.ts';
import type { ModelRunner } from './ports/model-runner.ts';
import type { ModelStore } from './ports/model-store.ts';
import type { Outbox } from './ports/outbox.ts';

/** Facts an outbox keeps: alarms going on and commands remembered. 1,000 sensors in alarm leave room to spare. */
const MAX_FACTS = 10_000;

/** The loop's delay is sampled this often: fine enough to see what an operator would feel, and hardly any work. */
const LOOP_SAMPLE_MS = 20;
const NS_PER_MS = 1e6;

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
  const clock = systemClock;
  const log = options.log ?? pinoLog({ level: config.log.level });
  const stateDir = resolve(baseDir, config.stateDir);
  await makeFolder(stateDir, PRIVATE);
  const scratchOf = (agent: string) => join(stateDir, 'scratch', agent);
  for (const { name, runner } of config.agents)
    if (runner.storage && runner.isolation === 'sandbox') await makeFolder(scratchOf(name), ANYBODY);

  const broker = config.bus.kind === 'embedded' ? await makeBroker(config.bus.port, log) : undefined;
  const url = config.bus.kind === 'embedded' ? await startBroker(broker) : config.bus.url;
  const bus = await makeBus(url, config.bus, baseDir, log.child({ part: 'bus' }));
  const outbox = new SqliteOutbox({
    file: join(stateDir, 'outbox.db'),
    ...config.outbox,
    maxFacts: MAX_FACTS,
    clock,
    log: log.child({ part: 'outbox' }),
  });

  const rolledOut = config.rollouts && makeRollouts(config.rollouts, { baseDir, stateDir, log });
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
      bus,
      outbox,
      clock,
      log: agentLog,
      mode,
      rollouts,
    });
  });

  const inForce: InForce = { config };
  const counters = new Counters(DEVICE_COUNTERS);
  const health = makeHealth({ bus, outbox, agents, counters });
  const steering: Steering = new Steering({
    version: packageJson.version,
    startedAtMs: clock.now(),
    logLevel: config.log.level,
    log,
    health: () => health,
    agents: () => agents,
    reload: makeReload(options, inForce, agents, (level) => steering.setLogLevel(level)),
  });
  const sender = new Sender({ bus, outbox, clock, log: log.child({ part: 'sender' }), counters });
  const forbiddenReplies = () => topicsActedUpon(inForce.config);
  const commands = new Commands({ thing, bus, outbox, clock, log, controls: steering, counters, forbiddenReplies });
  const shadow = new ShadowTopics({ thing, name: SHADOW_NAME, bus, clock, log: log.child({ part: 'shadow' }) });
  const { heartbeatMs } = config.shadow;
  const reporter = new ShadowReporter({ shadow, controls: steering, clock, log, counters, heartbeatMs });

  // Everything has subscribed before the bus connects: a broker that kept messages for us sends them at once.
  const lifecycle = new Lifecycle(
    [
      { name: 'broker', start: () => {}, stop: () => broker?.stop() },
      { name: 'outbox', start: () => outbox.start(), stop: () => outbox.stop() },
      ...(rolledOut === undefined ? [] : [rolledOut.part]),
      { name: 'bus', start: () => {}, stop: (deadlineMs) => bus.stop(deadlineMs) },
      { name: 'sender', start: () => sender.start(), stop: (deadlineMs) => sender.stop(deadlineMs) },
      ...agents.map((agent) => ({
        name: `agent ${agent.name}`,
        start: () => agent.prepare(),
        stop: (deadlineMs: number) => agent.stop(deadlineMs),
      })),
      ...(config.commands.enabled ? [commandsPart(commands)] : []),
      ...(config.shadow.enabled
        ? [{ name: 'shadow', start: () => reporter.start(), stop: () => reporter.stop() }]
        : []),
      { name: 'health', start: () => health.start(), stop: () => health.stop() },
      ...(config.metrics.port === undefined ? [] : [metricsPart(config.metrics.port, health, log)]),
      { name: 'connection', start: () => bus.start(), stop: () => {} },
      { name: 'models', start: () => Promise.all(agents.map((agent) => agent.load())), stop: () => {} },
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

function refusalOfAll(agents: readonly EdgeAgent[]): Failure | undefined {
  const refusals = agents.map((agent) => agent.status()).filter(({ state }) => state === 'refused');
  return refusals.length === agents.length ? refusals[0]?.problem : undefined;
}

function commandsPart(commands: Commands): Part {
  return { name: 'commands', start: () => commands.start(), stop: (deadlineMs) => commands.stop(deadlineMs) };
}

function metricsPart(port: number, health: Health, log: Log): Part {
  const monotonic = () => systemClock.monotonic();
  let endpoint: { stop(): Promise<void> } | undefined;
  const start = async () => {
    const { PrometheusEndpoint } = await import('./adapters/prometheus.ts');
    const served = new PrometheusEndpoint({ port, samples: () => samplesOf(health.snapshot()), monotonic });
    endpoint = served;
    const started = await served.start();
    if (!started.ok) throw new EdgeError(started.error);
    log.info({ url: `http://127.0.0.1:${started.value}/metrics` }, 'metrics served');
  };
  return { name: 'metrics', start, stop: () => endpoint?.stop() };
}

async function makeFolder(folder: string, mode: number): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode });
  } catch (cause) {
    throw new EdgeError(failure('E_STATE_FOLDER', folder, cause));
  }
}

/** Loaded only where it is used, as are the metrics: most devices have a broker, and each would cost the start 20 ms. */
async function makeBroker(port: number, log: Log): Promise<EmbeddedBroker> {
  const { EmbeddedBroker } = await import('./adapters/aedes/embedded-broker.ts');
  return new EmbeddedBroker({ port, log });
}

async function startBroker(broker: EmbeddedBroker | undefined): Promise<string> {
  const started = await broker?.start();
  if (started === undefined) throw new EdgeError(failure('E_INTERNAL', 'there is no broker to start'));
  if (!started.ok) throw new EdgeError(started.error);
  return started.value.url;
}

async function makeBus(url: string, config: BusConfig, baseDir: string, log: Log): Promise<MqttBus> {
  const { clientId, keepaliveMs, maxInFlight } = config;
  const common = {
    url,
    clientId,
    maxInFlight,
    keepaliveSec: keepaliveMs / 1000,
    persistent: true,
    clock: systemClock,
    log,
    random: Math.random,
  };
  if (config.kind === 'embedded') return new MqttBus({ ...common, version: 4 });
  const { username, passwordFile } = config;
  return new MqttBus({
    ...common,
    version: config.version === '5' ? 5 : 4,
    username,
    password:
      passwordFile === undefined ? undefined : (await readNeeded(baseDir, passwordFile)).toString('utf8').trimEnd(),
    tls: config.tls === undefined ? undefined : await readTls(config.tls, baseDir),
  });
}

async function readTls({ caFile, client, minVersion }: TlsConfig, baseDir: string): Promise<TlsOptions> {
  return {
    ca: caFile === undefined ? undefined : await readNeeded(baseDir, caFile),
    cert: client === undefined ? undefined : await readNeeded(baseDir, client.certFile),
    key: client === undefined ? undefined : await readNeeded(baseDir, client.keyFile),
    minVersion: minVersion === '1.2' ? 'TLSv1.2' : 'TLSv1.3',
  };
}

async function readNeeded(baseDir: string, path: string): Promise<Buffer> {
  try {
    return await readFile(resolve(baseDir, path));
  } catch (cause) {
    throw new EdgeError(failure('E_FILE_MISSING', path, cause));
  }
}

/** Packages as folders: a path, or the name of a shipped one. */
function modelStore(baseDir: string): ModelStore {
  return {
    async read({ path, variant }) {
      const opened = await openPackage(packageFolder(path, baseDir));
      if (!opened.ok) return opened;
      const read = await readVariant(opened.value, variant);
      if (!read.ok) return read;
      const { manifest, golden } = opened.value;
      return ok({
        source: opened.value.folder,
        manifest,
        golden,
        variant: read.value.variant.id,
        bytes: read.value.bytes,
      });
    },
  };
}

function makeHealth(parts: {
  bus: Bus;
  outbox: Outbox;
  agents: readonly EdgeAgent[];
  counters: Counters<DeviceCounter>;
}): Health {
  const delay = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS });
  delay.enable();
  // What it measures is the time between two samples: of a loop that is never late, LOOP_SAMPLE_MS.
  const late = (ns: number) => Math.max(0, ns / NS_PER_MS - LOOP_SAMPLE_MS);
  return new Health({
    clock: systemClock,
    counters: parts.counters,
    agents: () => parts.agents,
    bus: () => ({ state: parts.bus.state, error: parts.bus.lastError?.message }),
    outbox: () => parts.outbox.stats(),
    rss: () => process.memoryUsage.rss(),
    loopDelay: {
      read: () => ({
        p50: late(delay.percentile(50)),
        p99: late(delay.percentile(99)),
        max: late(delay.max),
      }),
      reset: () => delay.reset(),
    },
  });
}

/** Topics that devices act upon. No reply to a command is sent to one of them. */
function topicsActedUpon({ agents, thing }: Config): string[] {
  return agents.flatMap(({ name, inputs, decisions }) => [
    ...inputs.map(({ topic }) => topic),
    ...decisions.alarms.flatMap(({ action }) =>
      action === undefined ? [] : compileTopic(action.topic, { thing, agent: name })('+'),
    ),
  ]);
}

/** The configuration as it was taken up: a reload changes what it may. */
type InForce = { config: Config };

function makeReload(
  { reread }: DeviceOptions,
  inForce: InForce,
  agents: readonly EdgeAgent[],
  setLogLevel: (level: LogLevel) => void,
): () => Promise<Result<ReloadReport>> {
  return async () => {
    if (reread === undefined) return fail('E_COMMAND_FAILED', 'this device was started without a configuration file');
    const next = await reread();
    if (!next.ok) return next;
    const plan = planReload(inForce.config, next.value);
    const changes = agents.flatMap((agent, index) => {
      const touched = plan.applied.some((path) => path.startsWith(`agents[${index}].decisions`));
      const decisions = next.value.agents[index]?.decisions;
      return touched && decisions !== undefined ? [{ agent, decisions }] : [];
    });
    for (const { agent, decisions } of changes) {
      const objection = agent.objection(decisions);
      if (objection !== undefined) return fail('E_CONFIG_INVALID', objection);
    }
    for (const { agent, decisions } of changes) agent.setDecisions(decisions);
    if (plan.applied.includes('log.level')) setLogLevel(next.value.log.level);
    // What was refused stays as it is, and is refused again the next time.
    inForce.config = takeUp(inForce.config, next.value, plan);
    return ok(plan);
  };
}

function takeUp(current: Config, next: Config, { applied }: ReloadReport): Config {
  if (applied.length === 0) return current;
  const agents = current.agents.map((agent, index) => ({
    ...agent,
    decisions: next.agents[index]?.decisions ?? agent.decisions,
  }));
  return { ...current, log: next.log, agents };
}

/** Threads and deadline of a runner that only tests: as an agent's defaults. */
const TEST_RUNNER = {
  isolation: 'process',
  threads: 1,
  deadlineMs: 10_000,
  memoryBytes: undefined,
  network: true,
  storage: true,
} as const;

/** A runner for `model test`: the process that an agent would use. */
export function makeTestRunner(device: string): ModelRunner {
  return createRunner({
    ...TEST_RUNNER,
    label: 'model-test',
    device,
    clock: systemClock,
    log: pinoLog({ level: 'error' }),
  });
}

/** What `doctor` can only find out by trying. */
export const doctorProbes: DoctorProbes = {
  devices: () =>
    probeDevices({ launch: runnerLaunch({ label: 'probe' }), clock: systemClock, log: pinoLog({ level: 'silent' }) }),
  sandbox: () => sandboxAvailable(),
};
