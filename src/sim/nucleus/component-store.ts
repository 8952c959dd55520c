import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Layout } from './layout.ts';
import type { Artifact, Machine, Recipe } from './recipe.ts';
import { RecipeFolder } from './recipe-folder.ts';
import { Refused } from './refused.ts';
import { unarchive } from './unarchive.ts';

/** What the nucleus has of components on its disk: recipes and artifacts, all versions. */
export class ComponentStore {
  readonly #layout: Layout;
  readonly recipes: RecipeFolder;

  constructor(layout: Layout, machine: Machine) {
    this.#layout = layout;
    this.recipes = new RecipeFolder(layout.recipes, machine);
  }

  async open(): Promise<void> {
    for (const folder of [this.#layout.recipes, this.#layout.allArtifacts, this.#layout.allUnarchived]) {
      await mkdir(folder, { recursive: true });
    }
  }

  /** Takes over the folders of a local deployment, all that is in them, as both nuclei do. */
  async addFolders(recipes: string | undefined, artifacts: string | undefined): Promise<void> {
    if (recipes !== undefined) await copyTree(recipes, this.#layout.recipes);
    if (artifacts !== undefined) await copyTree(artifacts, this.#layout.allArtifacts);
  }

  /** Takes a recipe from where the cloud keeps them. */
  async fetchRecipe(cloud: RecipeFolder, name: string, version: string): Promise<void> {
    await cloud.read(name, version);
    for (const file of cloud.files(name, version)) {
      if (await exists(file)) await copyWhole(file, join(this.#layout.recipes, basename(file)));
    }
  }

  /**
   * Fetches the artifacts of a component from the cloud's folder. The digest is the recipe's, or where gdk has not been
   * yet, of the file in that folder, as the cloud takes it when a component is created.
   */
  async fetchArtifacts(recipe: Recipe, cloud: string): Promise<void> {
    const folder = this.#layout.artifacts(recipe.name, recipe.version);
    await mkdir(folder, { recursive: true });
    for (const artifact of recipe.artifacts) {
      const source = join(cloud, recipe.name, recipe.version, artifactFile(artifact));
      if (!(await exists(source)))
        throw new Refused(`the artifact ${artifact.uri} cannot be downloaded: ${source} is missing`);
      const expected = artifact.digest ?? (await digestOf(source));
      const target = join(folder, artifactFile(artifact));
      if ((await exists(target)) && (await digestOf(target)) === expected) continue;
      await copyWhole(source, target);
      if ((await digestOf(target)) === expected) continue;
      await rm(target, { force: true });
      throw new Refused(`the digest of ${artifact.uri} is not that of the recipe`);
    }
  }

  /** Classic, without a cloud: what the recipe names has to be here, with its digest if it has one. */
  async checkArtifacts(recipe: Recipe): Promise<void> {
    for (const artifact of recipe.artifacts) {
      const file = this.#artifact(recipe, artifact);
      if (!(await exists(file)))
        throw new Refused(`the artifact ${artifact.uri} of ${recipe.name} is not on this device`);
      if (artifact.digest !== undefined && (await digestOf(file)) !== artifact.digest) {
        throw new Refused(`the digest of ${artifact.uri} is not that of the recipe`);
      }
    }
  }

  /** Gives artifacts the rights of the recipe, and unpacks those that shall be. */
  async unpackArtifacts(recipe: Recipe): Promise<void> {
    for (const artifact of recipe.artifacts) {
      const file = this.#artifact(recipe, artifact);
      await chmod(file, artifact.mode);
      if (artifact.unarchive !== 'ZIP') continue;
      const folder = join(this.#layout.unarchived(recipe.name, recipe.version), basename(file).replace(/\.zip$/, ''));
      await unarchive(file, folder, artifact.mode);
    }
  }

  /** Removes one version, with all of it. */
  async remove(name: string, version: string): Promise<void> {
    await rm(this.#layout.artifacts(name, version), { recursive: true, force: true });
    await rm(this.#layout.unarchived(name, version), { recursive: true, force: true });
    for (const file of this.recipes.files(name, version)) await rm(file, { force: true });
  }

  /** Removes every version that `keeps` does not name; artifacts without a recipe go, too. */
  async removeStale(keeps: (name: string, version: string) => boolean): Promise<void> {
    const known = new Map((await this.recipes.list()).map((entry) => [`${entry.name}\n${entry.version}`, entry]));
    for (const name of await readdir(this.#layout.allArtifacts)) {
      for (const version of await readdir(join(this.#layout.allArtifacts, name)).catch(() => [])) {
        known.set(`${name}\n${version}`, { name, version });
      }
    }
    for (const { name, version } of known.values()) if (!keeps(name, version)) await this.remove(name, version);
  }

  #artifact(recipe: Recipe, artifact: Artifact): string {
    return join(this.#layout.artifacts(recipe.name, recipe.version), artifactFile(artifact));
  }
}

function artifactFile({ uri }: Artifact): string {
  const file = uri.split('/').at(-1) ?? '';
  if (!/^(s3|greengrass):/i.test(uri) || file === '' || file === '..') {
    throw new Refused(`the simulator takes artifacts by s3: and greengrass:, and not ${uri}`);
  }
  return file;
}

/** SHA-256 in Base64, as recipes have it. */
async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('base64');
}

/** A copy that is there whole, or not at all. */
async function copyWhole(source: string, target: string): Promise<void> {
  await copyFile(source, `${target}.part`);
  await rename(`${target}.part`, target);
}

async function copyTree(source: string, target: string): Promise<void> {
  if (!(await exists(source))) throw new Refused(`${source} is missing`);
  await cp(source, target, { recursive: true, force: true, filter: (path) => !path.endsWith('.part') });
}

function exists(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
