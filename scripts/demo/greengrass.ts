import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { given } from '../../src/domain/errors.ts';
import { bearings } from '../../src/sim/bearings.ts';
import type { DeploymentDocument } from '../../src/sim/nucleus/document.ts';
import type { NucleusMode } from '../../src/sim/nucleus/services.ts';
import { SimulatedDevice } from '../../src/sim/nucleus/simulated-device.ts';
import { Publisher, type Sent } from '../../src/sim/publisher.ts';
import type { DemoFlags } from './flags.ts';
import { type Deployed, deployment, MODELS } from './greengrass/chapters.ts';
import { makeComponents } from './greengrass/components.ts';
import { judgeDeployments, type Slots } from './greengrass/judge.ts';
import { tell } from './greengrass/tell.ts';
import { type Diagnosis, settle } from './judge.ts';
import { Observer } from './observer.ts';
import { makePackages } from './packages.ts';

const THING = 'demo-press';
/** Two of three bearings begin to fail after 4 s, and are done for at 12 s: before the models that follow come. */
const WEAR = { count: 3, fail: ['inner', 'outer'], onsetSec: 4, failSec: 12 } as const;
const WEAR_SHOWS_AFTER_MS = 9_000;
/** Unpacking, the start, the trial and the probation take 10 to 30 s on a laptop; a deployment that hangs is given up. */
const DEPLOYMENT_DEADLINE_MS = 60_000;
/** The sensors run until everything is deployed. */
const SENSORS_MS = MODELS.length * DEPLOYMENT_DEADLINE_MS;
/** The model that stays is seen at work. */
const AFTERWARDS_MS = 1_500;
/** Of each component's log, where something went wrong. */
const LOG_TAIL = 4_000;

/**
 * The product at home: a simulated core device runs the real recipes and their scripts, the agent speaks real Greengrass
 * IPC with the AWS SDK, and models come as deployments: the first, a better one, and one that is wrong.
 */
export async function greengrassDemo(flags: DemoFlags, mode: NucleusMode, folder: string, signal: AbortSignal) {
  const root = join(folder, 'gg');
  // Sensors publish to the same broker that stands for AWS IoT Core: the bridge carries them in, and the results out.
  const device = new SimulatedDevice({
    nucleus: { root, mode, thing: THING },
    broker: 0,
    inwards: ['sensors/#'],
    outwards: ['dt/edge-agent/+/inference'],
  });
  const observer = new Observer(THING);
  const deployments: Deployed[] = [];
  // What waits for a deployment waits no longer then.
  signal.addEventListener('abort', () => void device.stop(), { once: true });
  try {
    const packages = await makePackages(folder);
    const components = await makeComponents(folder, packages, MODELS, signal);
    signal.throwIfAborted();
    const { brokerUrl } = given(await device.start());
    await observer.start(brokerUrl);
    const [first, ...others] = MODELS;
    // The agent believes the demo's publisher, and no other.
    const configuration = { rollouts: { trust: packages.trust } };
    deployments.push(await deploy(device, deployment(first, components, configuration)));
    const sent = await play(brokerUrl, flags.seed, signal, async () => {
      for (const model of others) deployments.push(await deploy(device, deployment(model, components)));
    });
    await settle(observer, sent);
    const diagnosis = (await observer.command('diagnose')) as Diagnosis;
    const slots = (await observer.command('model.list')) as Slots;
    const judgement = await judgeDeployments({ nucleus: mode, deployments, sent, observer, diagnosis, slots });
    if (!judgement.ok) await showLogs(join(root, 'logs'));
    return tell(judgement, flags);
  } catch (error) {
    if (!signal.aborted) await showLogs(join(root, 'logs'));
    throw error;
  } finally {
    await observer.stop();
    await device.stop();
  }
}

async function deploy(device: SimulatedDevice, document: DeploymentDocument): Promise<Deployed> {
  const components = Object.fromEntries(
    Object.entries(document.components).map(([name, { version }]) => [name, version]),
  );
  const named = Object.entries(components).map(([name, version]) => `${name} ${version}`);
  process.stderr.write(`deploying ${named.join(', ')}\n`);
  const startedMs = performance.now();
  const late = new AbortController();
  const ended = await Promise.race([
    device.deploy(document),
    wait(DEPLOYMENT_DEADLINE_MS, undefined, { signal: late.signal }),
  ]);
  late.abort();
  const { status = 'UNFINISHED', reason = '' } = ended ?? {};
  const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
  process.stderr.write(`${status} after ${seconds} s ${reason}\n`);
  return { components, status, reason, seconds };
}

/** Lets the sensors run until the deployments are over. */
async function play(
  broker: string,
  seed: number,
  signal: AbortSignal,
  deployments: () => Promise<void>,
): Promise<Sent> {
  const publisher = new Publisher({ broker, sensors: bearings({ ...WEAR, seed }), durationMs: SENSORS_MS });
  given(await publisher.start());
  const over = new AbortController();
  try {
    const running = publisher.run(over.signal);
    await wait(WEAR_SHOWS_AFTER_MS, undefined, { signal });
    await deployments();
    await wait(AFTERWARDS_MS, undefined, { signal });
    over.abort();
    return await running;
  } finally {
    over.abort();
    await publisher.stop();
  }
}

async function showLogs(logs: string): Promise<void> {
  for (const name of await readdir(logs).catch(() => [])) {
    const text = await readFile(join(logs, name), 'utf8');
    process.stderr.write(`--- ${name}\n${text.slice(-LOG_TAIL)}\n`);
  }
}
