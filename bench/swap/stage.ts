import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bench } from '../agents.ts';
import { modelFile } from '../model.ts';
import { alternate, median, medianOf } from '../stats.ts';
import { writeHeavyPackage } from './packages.ts';
import type { Staged, StagePlan } from './stage-child.ts';

const STAGE_CHILD = fileURLToPath(new URL('stage-child.ts', import.meta.url));

/** Verifying and staging a large package, beside sha256sum and cp of the same files. */
export async function stageVersusCopy(bench: Bench): Promise<number> {
  const bytes = bench.pace.swap.stageBytes;
  const { folder, trust } = await writeHeavyPackage(join(bench.folder, 'heavy'), bytes);
  let round = 0;
  const fresh = (name: string) => join(bench.folder, `${name}-${round++}`);
  const results = await alternate(bench.runs, {
    stage: () => inFolder(fresh('store'), (store) => stage(bench, { folder, trust, store })),
    copy: () => inFolder(fresh('copy'), (to) => copy(bench, folder, to, false)),
    durable: () => inFolder(fresh('copy'), (to) => copy(bench, folder, to, true)),
  });
  const stageMs = medianOf(results.stage, (run) => run.verifyMs + run.stageMs);
  const copyMs = medianOf(results.copy, (run) => run.hashMs + run.copyMs);
  const figures = [
    `verify ${ms(medianOf(results.stage, (run) => run.verifyMs))}`,
    `stage ${ms(medianOf(results.stage, (run) => run.stageMs))}`,
    `peak memory +${medianOf(results.stage, (run) => run.grownMb).toFixed(1)} MB`,
    `sha256sum ${ms(medianOf(results.copy, (run) => run.hashMs))}`,
    `cp ${ms(medianOf(results.copy, (run) => run.copyMs))}`,
    `with sync ${ms(median(results.durable.map((run) => run.hashMs + run.copyMs)))}`,
  ];
  bench.say(`a package of ${bytes / 1e6} MB: ${figures.join(', ')}`);
  return stageMs / copyMs;
}

async function inFolder<T>(folder: string, work: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(folder);
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function stage(bench: Bench, plan: StagePlan): Promise<Staged> {
  const child = bench.children.start(process.execPath, [STAGE_CHILD, JSON.stringify(plan)], true);
  const [staged] = await bench.children.during(child, once(child.process, 'message'));
  await bench.children.stop(child);
  return staged as Staged;
}

/** With `sync`, the copy is on the disk at the end, as a staged package is. */
async function copy(bench: Bench, folder: string, to: string, sync: boolean) {
  const hashMs = await timed(bench, 'sha256sum', [modelFile(folder)]);
  const copyMs = await timed(bench, 'cp', ['-r', folder, to]);
  return { hashMs, copyMs: copyMs + (sync ? await timed(bench, 'sync', [modelFile(join(to, 'heavy'))]) : 0) };
}

/** From the start of a program to its end. */
async function timed(bench: Bench, program: string, args: readonly string[]): Promise<number> {
  const child = bench.children.start(program, args);
  const [code] = await once(child.process, 'exit');
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  return performance.now() - child.startedAt;
}

const ms = (value: number) => `${value.toFixed(0)} ms`;
