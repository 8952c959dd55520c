import { setTimeout as sleep } from 'node:timers/promises';
import { type Bench, startAgent, startRolloutAgent } from '../agents.ts';
import { NAIVE_SWAP_TOPIC } from '../payloads.ts';
import type { SwapPackage, SwapPackages } from './packages.ts';
import { readSteps, stepAt, untilIn } from './steps.ts';
import { type Scene, type UnderLoad, underLoad } from './under-load.ts';
import { type Gap, gapAt, longest } from './witness.ts';

export type Gaps = {
  /** Without a swap. */
  readonly calmP99Ms: number;
  readonly calmLongestMs: number;
  /** From the order to its end. */
  readonly swapLongest: Gap;
  readonly swapP99Ms: number;
  readonly swapTookMs: number;
  /** What was under way during the longest gap, where that is known. */
  readonly longestIn?: string | undefined;
};

export type Life = Gaps & { readonly coldRollbackMs: number; readonly warmRollbackMs: number };

/** As long as a rollout with its probation takes, so that both have as many gaps. */
const CALM_FACTOR = 1.5;
const CALM_SHARE = 0.99;

/** What an agent goes through in one run: a rollout that commits, the way back from it, one that is taken back early. */
export function agentLife(bench: Bench, port: number, packages: SwapPackages): Promise<UnderLoad<Life>> {
  const { first, committing, watched, trust } = packages;
  const start = () => startRolloutAgent(bench, port, first.folder, trust);
  const { pauseMs } = bench.pace.swap;
  return underLoad(bench, port, start, async (scene, { logFile }) => {
    const calm = await calmGaps(bench, scene);
    const swap = await rollOut(scene, committing);
    const step = stepAt(readSteps(logFile), Date.now() - (scene.witness.nowMs() - swap.swapLongest.endMs));
    await untilIn('idle', logFile);
    await sleep(pauseMs);
    const coldRollbackMs = await rollBack(scene, first);
    await sleep(pauseMs);
    await untilWatched(scene, logFile, watched);
    await sleep(pauseMs);
    const warmRollbackMs = await rollBack(scene, first);
    return { ...calm, ...swap, longestIn: step, coldRollbackMs, warmRollbackMs };
  });
}

/** The same for the naive agent, which can do no more than load another file. */
export function naiveLife(bench: Bench, port: number, packages: SwapPackages): Promise<UnderLoad<Gaps>> {
  const { first, committing } = packages;
  const start = () => startAgent({ ...bench, modelFolder: first.folder }, 'naive', port);
  return underLoad(bench, port, start, async (scene) => {
    const calm = await calmGaps(bench, scene);
    const { operator, witness } = scene;
    const { file, version } = committing;
    const fromMs = witness.msOf(operator.publish(NAIVE_SWAP_TOPIC, { file, version }));
    await witness.untilAnswerOf(version, fromMs);
    await sleep(bench.pace.swap.pauseMs);
    return { ...calm, ...swapGaps(scene, fromMs) };
  });
}

async function calmGaps(bench: Bench, { witness }: Scene) {
  const fromMs = witness.nowMs();
  await sleep(bench.pace.measureMs * CALM_FACTOR);
  const gaps = witness.gaps(fromMs, witness.nowMs());
  return { calmP99Ms: gapAt(gaps, CALM_SHARE), calmLongestMs: longest(gaps).ms };
}

/** Until it is committed: verified, staged, loaded, tested, shown live windows, swapped and watched. */
async function rollOut(scene: Scene, { folder, version }: SwapPackage) {
  const { sentNs, final } = scene.operator.send('model.rollout', { source: folder });
  const { status, error } = await final;
  if (status !== 'succeeded') throw new Error(`${version} was not committed: ${JSON.stringify(error)}`);
  return swapGaps(scene, scene.witness.msOf(sentNs));
}

function swapGaps({ witness }: Scene, fromMs: number) {
  const toMs = witness.nowMs();
  const gaps = witness.gaps(fromMs, toMs);
  return { swapLongest: longest(gaps), swapP99Ms: gapAt(gaps, CALM_SHARE), swapTookMs: toMs - fromMs };
}

/** From the order to the first answer of the model that comes back. */
async function rollBack({ operator, witness }: Scene, to: SwapPackage): Promise<number> {
  const { sentNs, final } = operator.send('model.rollback');
  const fromMs = witness.msOf(sentNs);
  const answer = witness.untilAnswerOf(to.version, fromMs);
  const { status, error } = await final;
  if (status !== 'succeeded') throw new Error(`no way back to ${to.version}: ${JSON.stringify(error)}`);
  return (await answer) - fromMs;
}

/** Rolls out a model until it answers and is watched: the old one is still warm. */
async function untilWatched({ operator, witness }: Scene, logFile: string, next: SwapPackage): Promise<void> {
  const { sentNs, final } = operator.send('model.rollout', { source: next.folder });
  const ended = final.then(({ error }) => {
    throw new Error(`${next.version} was not watched: ${JSON.stringify(error)}`);
  });
  const answers = witness.untilAnswerOf(next.version, witness.msOf(sentNs));
  await Promise.race([answers.then(() => untilIn('watching', logFile)), ended]);
}
