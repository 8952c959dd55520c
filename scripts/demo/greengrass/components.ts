import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildComponents } from '../../../src/component/build/build.ts';
import { given } from '../../../src/domain/errors.ts';
import { packFolder } from '../../../src/package/pack.ts';
import type { DemoPackages } from '../packages.ts';

const ROOT = join(import.meta.dirname, '../../..');
export const AGENT = 'com.openclaw.edge.Agent';
export const MODEL = 'com.openclaw.edge.model.BearingFault';
/** As it stands in the recipe of the shipped model. */
const SHIPPED_VERSION = '1.0.0';

/** Where a nucleus finds what it deploys, and the version of the agent. */
export type DemoComponents = {
  readonly recipes: string;
  readonly artifacts: string;
  readonly agentVersion: string;
};

/**
 * Builds the agent for this machine as `npm run build:components` does, and makes a component of each release of the
 * model: the shipped recipe with another version, as a team does that has trained anew.
 */
export async function makeComponents(
  folder: string,
  packages: DemoPackages,
  versions: readonly string[],
  signal: AbortSignal,
): Promise<DemoComponents> {
  const out = join(folder, 'greengrass-build');
  const architectures = [process.arch === 'arm64' ? 'arm64' : 'x64'] as const;
  const progress = (line: string) => void process.stderr.write(`${line}\n`);
  given(await buildComponents({ root: ROOT, out, components: [AGENT], architectures, progress, signal }));
  for (const version of versions) await makeModel(out, version, packages.folders[version] ?? '');
  const { version: agentVersion } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    version: string;
  };
  return { recipes: join(out, 'recipes'), artifacts: join(out, 'artifacts'), agentVersion };
}

async function makeModel(out: string, version: string, source: string): Promise<void> {
  const recipe = await readFile(join(ROOT, 'recipes', `${MODEL}.yaml`), 'utf8');
  await writeFile(join(out, 'recipes', `${MODEL}-${version}.yaml`), recipe.replaceAll(SHIPPED_VERSION, version));
  const artifacts = join(out, 'artifacts', MODEL, version);
  await mkdir(artifacts, { recursive: true });
  given(await packFolder(source, join(artifacts, `bearing-fault-${version}.zip`)));
}
