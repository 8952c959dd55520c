import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { compareVersions } from '../../domain/version.ts';
import { readRecipe } from './read-recipe.ts';
import type { Machine, Recipe, RecipeFormat } from './recipe.ts';
import { Refused } from './refused.ts';
import { isVersion } from './versions.ts';

/** In the order in which lite looks for them. */
const EXTENSIONS: readonly (readonly [string, RecipeFormat])[] = [
  ['json', 'json'],
  ['yaml', 'yaml'],
  ['yml', 'yaml'],
];

/** Recipes as files `<name>-<version>.yaml|yml|json` of one folder. */
export class RecipeFolder {
  readonly folder: string;
  readonly #machine: Machine;

  constructor(folder: string, machine: Machine) {
    this.folder = folder;
    this.#machine = machine;
  }

  /** Versions that are there, the newest first. */
  async versions(name: string): Promise<readonly string[]> {
    const all = (await this.list()).filter((entry) => entry.name === name);
    return all.map(({ version }) => version).sort((a, b) => compareVersions(b, a));
  }

  /** What the names of the files tell. A name may hold a '-': the version is what reads as one behind the first that fits. */
  async list(): Promise<readonly { readonly name: string; readonly version: string }[]> {
    const files = await readdir(this.folder).catch(() => []);
    return files.flatMap((file) => {
      const stem = /^(.+)\.(?:json|ya?ml)$/.exec(file)?.[1] ?? '';
      for (let dash = stem.indexOf('-'); dash > 0; dash = stem.indexOf('-', dash + 1)) {
        const version = stem.slice(dash + 1);
        if (isVersion(version)) return [{ name: stem.slice(0, dash), version }];
      }
      return [];
    });
  }

  async has(name: string, version: string): Promise<boolean> {
    return (await this.list()).some((entry) => entry.name === name && entry.version === version);
  }

  async read(name: string, version: string): Promise<Recipe> {
    for (const [extension, format] of EXTENSIONS) {
      const file = this.file(name, version, extension);
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) continue;
      const recipe = readNamed(text, format, this.#machine, `${name} ${version}`);
      if (recipe.name === name && recipe.version === version) return recipe;
      throw new Refused(`the recipe of ${name} ${version} says it is ${recipe.name} ${recipe.version}`);
    }
    throw new Refused(`there is no recipe of ${name} ${version}`);
  }

  file(name: string, version: string, extension: string): string {
    return join(this.folder, `${name}-${version}.${extension}`);
  }

  /** Files that may hold the recipe of a version. */
  files(name: string, version: string): readonly string[] {
    return EXTENSIONS.map(([extension]) => this.file(name, version, extension));
  }
}

function readNamed(text: string, format: RecipeFormat, machine: Machine, what: string): Recipe {
  try {
    return readRecipe(text, format, machine);
  } catch (cause) {
    throw cause instanceof Refused ? new Refused(`${what}: ${cause.message}`, { cause }) : cause;
  }
}
