import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';

/** What each folder may import of the product, beside `domain`. `main.ts`, `cli.ts` and `compose/` may import everything. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  flow: [],
  rollout: [],
  config: [],
  ports: [],
  agent: ['flow', 'rollout', 'ports'],
  adapters: ['ports', 'files'],
  package: ['ports', 'files'],
  sim: ['files'],
  component: ['package'],
  cli: ['config', 'ports', 'package', 'component', 'sim'],
};

/** Modules of Node that would be a clock, a process or I/O in a folder that shall have none. */
const WITHOUT_IO = ['domain', 'flow', 'rollout', 'config', 'ports', 'agent'];
const IO = ['node:fs', 'node:fs/promises', 'node:child_process', 'node:net', 'node:timers/promises'];

/** sim/nucleus/ipc/operations is the deepest. */
const DEPTHS = [0, 1, 2, 3];

type Probe = { readonly path: string; readonly imports: string; readonly allowed: boolean };

describe('the import boundaries of biome.json', () => {
  it('hold in each folder and at each depth of it', async () => {
    const probes = await allProbes();
    const root = await mkdtemp(join(tmpdir(), 'boundaries-'));
    try {
      await copyFile('biome.json', join(root, 'biome.json'));
      for (const { path, imports } of probes) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), `import '${imports}';\n`);
      }
      const refused = refusedIn(root);
      for (const { path, imports, allowed } of probes) {
        assert.equal(refused.has(path), !allowed, `${path} imports ${imports}`);
      }
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

async function allProbes(): Promise<readonly Probe[]> {
  const entries = await readdir('src', { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  return Object.entries(MAY_IMPORT).flatMap(([from, others]) => {
    const allowed = ['domain', ...others];
    const foreign = [...folders.filter((to) => to !== from).map((to) => `${to}/probe.ts`), 'main.ts', 'cli.ts'];
    const within = DEPTHS.flatMap((depth) =>
      foreign.map((to, at) => ({
        path: `src/${from}/${'deeper/'.repeat(depth)}probe-${at}.ts`,
        imports: `${'../'.repeat(depth + 1)}${to}`,
        allowed: allowed.includes(dirname(to)),
      })),
    );
    const io = (WITHOUT_IO.includes(from) ? IO : []).map((imports, at) => ({
      path: `src/${from}/io-${at}.ts`,
      imports,
      allowed: false,
    }));
    return [...within, ...io];
  });
}

/** The files in which the linter refuses an import. */
function refusedIn(root: string): ReadonlySet<string> {
  const args = ['lint', '--only=style/noRestrictedImports', '--vcs-enabled=false', '--max-diagnostics=none'];
  const biome = resolve('node_modules/.bin/biome');
  const { stdout } = spawnSync(biome, [...args, '--reporter=github'], { cwd: root, encoding: 'utf8' });
  return new Set([...stdout.matchAll(/file=([^,]+),/g)].map(([, file = '']) => relative(root, file)));
}
