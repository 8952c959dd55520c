/**
 * The main job, end to end, on this machine alone: a broker, the agent as a user starts it, and bearings that wear out
 * (or recordings of real ones, `--data FOLDER`), while new releases of the model come: a better one, a wrong one, and one
 * that was tampered with. Ends by itself within 40 s, and judges what it saw.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { EmbeddedBroker } from '../src/adapters/aedes/embedded-broker.ts';
import { pinoLog } from '../src/adapters/pino-log.ts';
import { exitCodeOf } from '../src/cli/io.ts';
import { given } from '../src/domain/errors.ts';
import { bearings } from '../src/sim/bearings.ts';
import { Publisher, type Sent } from '../src/sim/publisher.ts';
import { Replay, readRecordings } from '../src/sim/replay.ts';
import type { VibrationSensor } from '../src/sim/sensor.ts';
import { AgentProcess } from './demo/agent-process.ts';
import { configuration, THING } from './demo/configuration.ts';
import { type DemoFlags, readFlags } from './demo/flags.ts';
import { type Diagnosis, judge, settle } from './demo/judge.ts';
import { LiveTable } from './demo/live-table.ts';
import { Observer } from './demo/observer.ts';
import { makePackages } from './demo/packages.ts';
import { Story } from './demo/story.ts';
import { tell, tellFailure } from './demo/tell.ts';

/** Two of three bearings begin to fail after 4 s, and are done for at 12 s. */
const WEAR = { count: 3, fail: ['inner', 'outer'], onsetSec: 4, failSec: 12 } as const;
/** By then the damage shows. */
const ROLLOUTS_AFTER_MS = 9_000;
/** They take half of it. */
const ROLLOUTS_DEADLINE_MS = 18_000;
/** The model that stays is seen at work. */
const AFTERWARDS_MS = 1_500;
const START_DEADLINE_MS = 10_000;
/** An agent that is still starting does not answer: ask again soon. */
const ASK_DEADLINE_MS = 300;
const POLL_MS = 50;

type Status = { readonly agents: readonly { readonly state: string }[] };

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
  const demo = flags.greengrass === undefined ? plainDemo : onGreengrass;
  try {
    return await demo(flags, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Loaded only when it is asked for. At Ctrl-C it ends by itself, in good order. */
async function onGreengrass(flags: DemoFlags, folder: string): Promise<number> {
  const { greengrassDemo } = await import('./demo/greengrass.ts');
  const over = new AbortController();
  void interruption().then(() => over.abort(new Error('interrupted')));
  const { greengrass = 'classic' } = flags;
  try {
    return await greengrassDemo(flags, greengrass, folder, over.signal);
  } catch (error) {
    return over.signal.aborted ? INTERRUPTED : tellFailure(error, flags);
  }
}

async function plainDemo(flags: DemoFlags, folder: string): Promise<number> {
  const broker = new EmbeddedBroker({ port: 0, log: pinoLog({ level: 'warn' }) });
  const agent = new AgentProcess(folder);
  const observer = new Observer(THING);
  const show = async () => {
    const all = await sensors(flags);
    const packages = await makePackages(folder);
    const { url } = given(await broker.start());
    await observer.start(url);
    await agent.start(configuration(url, folder, packages));
    await answers(agent, observer);
    const story = new Story({ observer, folders: packages.folders });
    const sent = await play(all, url, observer, story);
    await settle(observer, sent);
    const diagnosis = (await observer.command('diagnose')) as Diagnosis;
    const exitCode = await agent.stop();
    return tell(await judge({ sent, observer, story, diagnosis, exitCode }), flags);
  };
  try {
    return await Promise.race([show(), interruption()]);
  } catch (error) {
    process.stderr.write(agent.log);
    return tellFailure(error, flags);
  } finally {
    await agent.stop();
    await observer.stop();
    await broker.stop();
  }
}

/** Resolves at Ctrl-C, so that nothing is left behind: no process, no folder. */
function interruption(): Promise<number> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(INTERRUPTED));
  });
}

/** Waits until the agent answers a command and its model is loaded: then it is connected and listens. */
async function answers(agent: AgentProcess, observer: Observer): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (Date.now() < deadline && agent.exitCode === undefined) {
    const status = (await observer.command('status', ASK_DEADLINE_MS).catch(() => undefined)) as Status | undefined;
    if (status?.agents.every(({ state }) => state === 'running')) return;
    await wait(POLL_MS);
  }
  throw new Error('the agent did not start');
}

async function sensors(flags: DemoFlags): Promise<readonly VibrationSensor[]> {
  if (flags.data === undefined) return bearings({ ...WEAR, seed: flags.seed });
  const recordings = given(await readRecordings(flags.data));
  // Of CWRU's three balls one: where all kinds are as frequent, a model that mixes them up answers each as often as before.
  const balls = recordings.filter(({ fault }) => fault === 'ball').slice(1);
  const played = recordings.filter((recording) => !balls.includes(recording));
  return played.map((recording) => new Replay(recording, { offset: 0, loop: true }));
}

/** Lets the sensors run until the rollouts are over. */
async function play(all: readonly VibrationSensor[], broker: string, observer: Observer, story: Story): Promise<Sent> {
  const durationMs = ROLLOUTS_AFTER_MS + ROLLOUTS_DEADLINE_MS + AFTERWARDS_MS;
  const publisher = new Publisher({ broker, sensors: all, durationMs });
  const table = new LiveTable({ observer, story, sensors: () => publisher.sent().sensors });
  given(await publisher.start());
  table.start();
  const over = new AbortController();
  try {
    const running = publisher.run(over.signal);
    await story.wait(ROLLOUTS_AFTER_MS);
    await story.play(ROLLOUTS_DEADLINE_MS);
    await wait(AFTERWARDS_MS);
    over.abort();
    return await running;
  } finally {
    over.abort();
    table.stop();
    await publisher.stop();
  }
}
