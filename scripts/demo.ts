/**
 * The main job, end to end, on this machine alone: a broker, the agent as a user starts it, and bearings that wear out
 * (or recordings of real ones, `--data FOLDER`). Ends by itself within 40 s, and judges what it saw.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedBroker } from '../src/adapters/aedes/embedded-broker.ts';
import { pinoLog } from '../src/adapters/pino-log.ts';
import { exitCodeOf } from '../src/cli/io.ts';
import { EdgeError, type Result } from '../src/domain/errors.ts';
import { openPackage } from '../src/package/load.ts';
import { bearings } from '../src/sim/bearings.ts';
import { Publisher, type Sent, windowsDueByKey } from '../src/sim/publisher.ts';
import { Replay, readRecordings } from '../src/sim/replay.ts';
import type { VibrationSensor } from '../src/sim/sensor.ts';
import { AgentProcess } from './demo/agent-process.ts';
import { type DemoFlags, readFlags } from './demo/flags.ts';
import { LiveTable } from './demo/live-table.ts';
import { Observer } from './demo/observer.ts';
import { tell, tellFailure, type Verdict } from './demo/tell.ts';

const THING = 'demo-press';
const RUN_MS = 22_000;
/** Two of three bearings begin to fail after 5 s, and are done for at 15 s. */
const WEAR = { count: 3, fail: ['inner', 'outer'], onsetSec: 5, failSec: 15 } as const;
const START_DEADLINE_MS = 10_000;
/** The last answers are milliseconds behind the last readings; an alarm waits for the disk besides. */
const SETTLE_DEADLINE_MS = 3_000;
/** An agent that is still starting does not answer: ask again soon. */
const ASK_DEADLINE_MS = 300;
const POLL_MS = 50;
const BYTES_PER_MB = 1e6;

type Status = { readonly agents: readonly { readonly state: string }[] };

/** What the demo reads of the reply to `diagnose`. */
type Diagnosis = {
  readonly device: { readonly rssBytes: number };
  readonly agents: readonly {
    readonly runner: { readonly rssBytes: number };
    readonly metrics: {
      readonly counts: Readonly<
        Record<'readings' | 'windows' | 'inferences' | 'results' | 'alarmsRaised' | 'alarmsCleared', number>
      >;
      readonly latencyMs: { readonly p50: number; readonly p99: number };
    };
  }[];
};

/** What a shell makes of Ctrl-C: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

const asked = readFlags(process.argv.slice(2));
if ('usage' in asked) {
  (asked.wrong ? process.stderr : process.stdout).write(asked.usage);
  process.exitCode = asked.wrong ? exitCodeOf('E_USAGE') : 0;
} else {
  process.exitCode = await main(asked);
  // What Ctrl-C cut off in the middle would go on to its end.
  if (process.exitCode === INTERRUPTED) process.exit();
}

async function main(flags: DemoFlags): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'openclaw-demo-'));
  const broker = new EmbeddedBroker({ port: 0, log: pinoLog({ level: 'warn' }) });
  const agent = new AgentProcess(folder);
  const observer = new Observer(THING);
  const show = async () => {
    const all = await sensors(flags);
    const { url } = given(await broker.start());
    await observer.start(url);
    await agent.start(configuration(url, folder));
    await answers(agent, observer);
    const sent = await play(all, url, observer);
    await settle(observer, sent);
    const diagnosis = (await observer.command('diagnose')) as Diagnosis;
    const exitCode = await agent.stop();
    return tell(await judge(sent, observer, diagnosis, exitCode), flags);
  };
  try {
    return await Promise.race([show(), interrupted()]);
  } catch (error) {
    process.stderr.write(agent.log);
    return tellFailure(error, flags);
  } finally {
    await agent.stop();
    await observer.stop();
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Resolves at Ctrl-C, so that nothing is left behind: no process, no folder. */
function interrupted(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(INTERRUPTED));
  });
}

function configuration(url: string, folder: string): string {
  const config = {
    thing: THING,
    state: join(folder, 'state'),
    bus: { url, version: '3.1.1' },
    agents: [{ name: 'bearings' }],
  };
  return JSON.stringify(config);
}

/** Waits until the agent answers a command: then it is connected and listens. */
async function answers(agent: AgentProcess, observer: Observer): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline && agent.exitCode === undefined) {
    const status = (await observer.command('status', ASK_DEADLINE_MS).catch(() => undefined)) as Status | undefined;
    if (status?.agents.every(({ state }) => state === 'running')) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error('the agent did not start');
}

async function sensors(flags: DemoFlags): Promise<readonly VibrationSensor[]> {
  if (flags.data === undefined) return bearings({ ...WEAR, seed: flags.seed });
  return given(await readRecordings(flags.data)).map((recording) => new Replay(recording, { offset: 0, loop: false }));
}

async function play(all: readonly VibrationSensor[], broker: string, observer: Observer): Promise<Sent> {
  const publisher = new Publisher({ broker, sensors: all, durationMs: RUN_MS });
  const table = new LiveTable(observer, () => publisher.sent().sensors);
  given(await publisher.start());
  table.start();
  try {
    return await publisher.run();
  } finally {
    table.stop();
    await publisher.stop();
  }
}

/** Waits until nothing is missing any more, or for as long as is fair. */
async function settle(observer: Observer, sent: Sent): Promise<void> {
  const deadline = Date.now() + SETTLE_DEADLINE_MS;
  const due = sum((await dueByKey(sent)).values());
  while (Date.now() < deadline && observer.results < due) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

async function dueByKey(sent: Sent): Promise<ReadonlyMap<string, number>> {
  const { manifest } = given(await openPackage(join(import.meta.dirname, '../artifacts/bearing-fault')));
  return windowsDueByKey(sent, manifest.input.window, manifest.input.hop);
}

async function judge(
  sent: Sent,
  observer: Observer,
  { device, agents }: Diagnosis,
  exitCode: number | undefined,
): Promise<Verdict> {
  const [agent] = agents;
  if (agent === undefined) throw new Error('the agent told nothing of itself');
  const { counts, latencyMs } = agent.metrics;
  const unanswered = [...(await dueByKey(sent))].map(([key, due]) => Math.max(0, due - observer.of(key).results.size));
  const undelivered = Math.max(0, counts.alarmsRaised + counts.alarmsCleared - observer.alarmIds.size);
  const lost = sum(unanswered) + undelivered;
  const alarms = sent.sensors.filter(({ key }) => observer.of(key).alarmed).map(({ key }) => key);
  const failing = sent.sensors.filter(({ fault }) => fault !== 'none').map(({ key }) => key);
  const rightAlarms = alarms.join() === failing.join();
  return {
    ok: lost === 0 && rightAlarms && sent.missed === 0 && exitCode === 0,
    readings: counts.readings,
    windows: counts.windows,
    inferences: counts.inferences,
    results: observer.results,
    alarms,
    lost,
    p50Ms: latencyMs.p50,
    p99Ms: latencyMs.p99,
    rssMb: Math.round((device.rssBytes + agent.runner.rssBytes) / BYTES_PER_MB),
  };
}

function given<T>(result: Result<T>): T {
  if (!result.ok) throw new EdgeError(result.error);
  return result.value;
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}
