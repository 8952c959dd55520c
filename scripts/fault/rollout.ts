import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_BOOTS } from '../../src/rollout/guards.ts';
import { cut, type Ground, type Plan, pointsOf, type Row } from './cut.ts';
import { live } from './life.ts';
import { PATHS, type Path } from './paths.ts';
import { publishReleases } from './releases.ts';

/** Devices that live at once: a life waits for the disk half of its time. */
const AT_ONCE = 3;
/** Every so many-th cut is followed by one in the recovery, at one of its first points. */
const TWICE_EVERY = 5;
const SECOND_CUTS = 7;

export type FaultReport = { readonly cuts: number; readonly violations: number; readonly rows: readonly Row[] };

export type FaultOptions = {
  /** 1: every point; 5: every fifth. */
  readonly every: number;
  /** Where the models run. In processes of their own everything takes twice as long. */
  readonly isolation?: Ground['isolation'];
};

/** Cuts devices off at the points of all paths, each on a disk of its own. */
export async function cutRollouts({ every, isolation = 'none' }: FaultOptions): Promise<FaultReport> {
  const folder = await mkdtemp(join(tmpdir(), 'openclaw-fault-'));
  try {
    await publishReleases(folder);
    const ground = await makeGround(folder, isolation);
    const plans = (await Promise.all(PATHS.map((path) => plan(ground, path, every)))).flat();
    const rows = new Array<Row>(plans.length);
    const waiting = [...plans.entries()];
    const work = async () => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        const [index, each] = next;
        rows[index] = await cut(ground, each, `cut-${index}`);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const cuts = rows.reduce((sum, { points }) => sum + points.length, 0);
    const violations = rows.reduce((sum, row) => sum + row.violations.length, 0);
    return { cuts, violations, rows };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A device on which the first release was installed by the agent itself. */
async function makeGround(folder: string, isolation: Ground['isolation']): Promise<Ground> {
  const stateDir = join(folder, 'installed');
  const journal = `${stateDir}.life`;
  const life = await live({ folder, isolation, stateDir, journal, candidate: undefined, cutAt: undefined });
  if (life.end !== 'stopped') throw new Error(`the first release was not installed: ${life.log}`);
  return { folder, isolation, before: (path) => (path.from === undefined ? undefined : stateDir) };
}

function plan(ground: Ground, path: Path, every: number): readonly Plan[] | Promise<readonly Plan[]> {
  const { always } = path;
  if (always === undefined) return planPoints(ground, path, every);
  // The first life is no restart.
  return [{ path, cuts: new Array<string>(1 + MAX_BOOTS).fill(always) }];
}

/** Goes the path once without a cut, to find its points: all from its first save on. */
async function planPoints(ground: Ground, path: Path, every: number): Promise<readonly Plan[]> {
  const stateDir = join(ground.folder, `whole-${path.name}`);
  const from = ground.before(path);
  if (from !== undefined) await cp(from, stateDir, { recursive: true });
  const candidate = path.from && path.candidate;
  const life = await live({
    folder: ground.folder,
    isolation: ground.isolation,
    stateDir,
    journal: `${stateDir}.life`,
    candidate,
    cutAt: undefined,
  });
  if (life.end !== 'stopped') throw new Error(`${path.name} does not come to its end without a cut: ${life.log}`);
  const points = pointsOf(life);
  const first = points.findIndex(({ name }) => name.startsWith('save'));
  const cutsAt = [...points.keys()].slice(first).filter((_, nth) => nth % (every * (path.every ?? 1)) === 0);
  return cutsAt.flatMap((cutAt, nth) => {
    const once = { path, cuts: [cutAt] };
    if (nth % TWICE_EVERY !== 0) return [once];
    return [once, { path, cuts: [cutAt, (nth / TWICE_EVERY) % SECOND_CUTS] }];
  });
}
