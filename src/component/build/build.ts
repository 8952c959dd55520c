import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fail, ok, type Result } from '../../domain/errors.ts';
import { openPackage } from '../../package/load.ts';
import { packFolder } from '../../package/pack.ts';
import { agentArchive, type Product } from './agent-archive.ts';
import { ARCHITECTURES, type Architecture } from './architecture.ts';
import { type WrittenFile, writeArchive } from './archive.ts';
import { bundle } from './bundle.ts';
import { AGENT_COMPONENT, MODEL_COMPONENTS } from './components.ts';
import { checkGdkConfig } from './gdk-config.ts';
import { readLockFile } from './lock-file.ts';
import { nodeRuntime } from './node-runtime.ts';
import { readRecipes, recipeMismatch, type SourceRecipe } from './recipes.ts';

export type BuildOptions = {
  /** The repository. */
  readonly root: string;
  readonly out: string;
  readonly components: readonly string[];
  readonly architectures: readonly Architecture[];
  /** Told one line a step. */
  readonly progress: (line: string) => void;
  readonly signal: AbortSignal;
};

/** The size that a device fetches over a mobile line, and that its disk holds three times: this, the last, the next. */
const MAX_ARCHIVE_BYTES = 70_000_000;

/**
 * Builds components as Greengrass takes them: OUT/recipes/NAME-VERSION.yaml and OUT/artifacts/NAME/VERSION/, and a bill of
 * materials for each archive in OUT/sbom/. The same sources give the same bytes, wherever they lie.
 */
export async function buildComponents(options: BuildOptions): Promise<Result<readonly WrittenFile[]>> {
  try {
    return await buildAll(options);
  } catch (thrown) {
    if (options.signal.aborted) return fail('E_COMPONENT_BUILD', 'it was interrupted; what is there is not whole');
    if (!isOfDisk(thrown)) throw thrown;
    return fail('E_COMPONENT_BUILD', thrown.message, thrown);
  }
}

/** A disk that is full, a folder that is not ours, a file that is not there. */
function isOfDisk(thrown: unknown): thrown is NodeJS.ErrnoException {
  return thrown instanceof Error && 'syscall' in thrown;
}

async function buildAll(options: BuildOptions): Promise<Result<readonly WrittenFile[]>> {
  const recipes = await readRecipes(join(options.root, 'recipes'));
  if (!recipes.ok) return recipes;
  const files: WrittenFile[] = [];
  for (const name of options.components) {
    options.signal.throwIfAborted();
    const recipe = recipes.value.find((one) => one.name === name);
    if (recipe === undefined) return fail('E_FILE_MISSING', `recipes/${name}.yaml`);
    const built = name === AGENT_COMPONENT ? await buildAgent(recipe, options) : await buildModel(recipe, options);
    if (!built.ok) return built;
    files.push(...built.value, await copyRecipe(recipe, options));
  }
  return ok(files);
}

async function buildAgent(recipe: SourceRecipe, options: BuildOptions): Promise<Result<readonly WrittenFile[]>> {
  const { root, out, architectures, progress, signal } = options;
  const product = await productOf(root);
  const nameOf = (arch: Architecture) => `${product.name}-${product.version}-linux-${arch}.tar.gz`;
  const built = { version: product.version, from: 'package.json', artifacts: ARCHITECTURES.map(nameOf) };
  const mismatch = recipeMismatch(recipe, built);
  if (mismatch !== undefined) return fail('E_COMPONENT_MISMATCH', mismatch);
  const gdk = await checkGdkConfig(root, recipe.name, product.version, built.from);
  if (!gdk.ok) return gdk;

  const missing = ARCHITECTURES.filter((arch) => !architectures.includes(arch));
  if (missing.length > 0) progress(`without ${missing.join(', ')}: to be tried, not to be published`);
  progress('bundling the agent');
  const [lock, bundled] = await Promise.all([readLockFile(root), bundle(root)]);
  if (!lock.ok) return lock;
  if (!bundled.ok) return bundled;
  const folder = await emptyFolder(join(out, 'artifacts', recipe.name, product.version));
  const sboms = join(out, 'sbom');
  await mkdir(sboms, { recursive: true });
  const results = await Promise.all(
    architectures.map(async (arch): Promise<Result<WrittenFile[]>> => {
      const node = await nodeRuntime(arch, { root, lock: lock.value, signal });
      if (!node.ok) return node;
      const contents = await agentArchive(arch, {
        root,
        product,
        bundled: bundled.value,
        node: node.value,
        lock: lock.value,
      });
      if (!contents.ok) return contents;
      const name = nameOf(arch);
      progress(`packing ${name}`);
      const written = await writeArchive(join(folder, name), contents.value.entries, signal);
      if (written.bytes > MAX_ARCHIVE_BYTES) {
        return fail('E_COMPONENT_TOO_LARGE', `${name} has ${written.bytes} bytes, ${MAX_ARCHIVE_BYTES} at most`);
      }
      const sbom = join(sboms, name.replace('.tar.gz', '.cdx.json'));
      return ok([written, await writeText(sbom, contents.value.sbom)]);
    }),
  );
  const failed = results.find((result) => !result.ok);
  return failed ?? ok(results.flatMap((result) => (result.ok ? result.value : [])));
}

async function buildModel(
  recipe: SourceRecipe,
  { root, out, progress }: BuildOptions,
): Promise<Result<readonly WrittenFile[]>> {
  const source = join(root, 'artifacts', MODEL_COMPONENTS[recipe.name] ?? '');
  const opened = await openPackage(source);
  if (!opened.ok) return opened;
  const { name, version } = opened.value.manifest;
  const archive = `${name}-${version}.zip`;
  const from = `artifacts/${basename(source)}/manifest.json`;
  const mismatch = recipeMismatch(recipe, { version, from, artifacts: [archive] });
  if (mismatch !== undefined) return fail('E_COMPONENT_MISMATCH', mismatch);
  const gdk = await checkGdkConfig(root, recipe.name, version, from);
  if (!gdk.ok) return gdk;
  progress(`packing ${archive}`);
  const folder = await emptyFolder(join(out, 'artifacts', recipe.name, version));
  const packed = await packFolder(source, join(folder, archive));
  return packed.ok ? ok([packed.value]) : packed;
}

async function copyRecipe({ name, version, text }: SourceRecipe, { out }: BuildOptions): Promise<WrittenFile> {
  const folder = join(out, 'recipes');
  await mkdir(folder, { recursive: true });
  return writeText(join(folder, `${name}-${version}.yaml`), text);
}

async function productOf(root: string): Promise<Product> {
  const { name, version, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Product;
  return { name, version, license };
}

/** What an earlier build left there would be uploaded as well. */
async function emptyFolder(folder: string): Promise<string> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

async function writeText(file: string, text: string): Promise<WrittenFile> {
  await writeFile(file, text);
  return { file, bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') };
}
