import type { Recipe } from './recipe.ts';
import { Refused } from './refused.ts';
import type { NucleusMode } from './services.ts';
import { satisfies } from './versions.ts';

/** Components that have no recipe here, as the nucleus itself or AWS brings them. */
const PROVIDED: Readonly<Record<NucleusMode, readonly string[]>> = {
  classic: [
    'aws.greengrass.Nucleus',
    'aws.greengrass.TokenExchangeService',
    'aws.greengrass.Cli',
    'aws.greengrass.ShadowManager',
  ],
  lite: [
    'aws.greengrass.Nucleus',
    'aws.greengrass.NucleusLite',
    'aws.greengrass.TokenExchangeService',
    'aws.greengrass.Cli',
  ],
};

export function isProvided(mode: NucleusMode, name: string): boolean {
  return PROVIDED[mode].includes(name);
}

export type Sources = {
  readonly mode: NucleusMode;
  /** A version that is on the device and that the nucleus would rather keep. */
  readonly active: (name: string) => string | undefined;
  /** Versions that can be had, the best first. */
  readonly versions: (name: string) => Promise<readonly string[]>;
  readonly recipe: (name: string, version: string) => Promise<Recipe>;
};

/** More components than any device has: a recipe that depends on itself in ever new names ends here. */
const MAX_COMPONENTS = 64;

/** Finds the versions of all components that the wanted ones need, soft dependencies too; throws Refused when there are none. */
export async function resolveComponents(
  wanted: Readonly<Record<string, string>>,
  sources: Sources,
): Promise<ReadonlyMap<string, Recipe>> {
  const requirements = new Map(
    Object.entries(wanted).map(([name, range]) => [name, new Map([['the deployment', range]])]),
  );
  const resolved = new Map<string, Recipe>();
  const open = Object.keys(wanted);
  for (let name = open.shift(); name !== undefined; name = open.shift()) {
    if (isProvided(sources.mode, name)) continue;
    if (resolved.size >= MAX_COMPONENTS) throw new Refused(`more than ${MAX_COMPONENTS} components`);
    const ranges = requirements.get(name) ?? new Map<string, string>();
    const fits = (version: string) => [...ranges.values()].every((range) => satisfies(sources.mode, version, range));
    const known = resolved.get(name);
    if (known !== undefined && fits(known.version)) continue;
    if (known !== undefined && sources.mode === 'lite') {
      // Lite does not go back to a component that it has resolved.
      throw new Refused(`${name} ${known.version} does not meet ${told(ranges)}`);
    }
    const active = sources.active(name);
    const version = active !== undefined && fits(active) ? active : (await sources.versions(name)).find(fits);
    if (version === undefined) throw new Refused(`no version of ${name} meets ${told(ranges)}`);
    const recipe = await sources.recipe(name, version);
    resolved.set(name, recipe);
    for (const [dependency, { requirement }] of Object.entries(recipe.dependencies)) {
      const of = requirements.get(dependency) ?? new Map<string, string>();
      requirements.set(dependency, of.set(name, requirement));
      open.push(dependency);
    }
  }
  return resolved;
}

function told(ranges: ReadonlyMap<string, string>): string {
  return [...ranges].map(([from, range]) => `${range} (${from})`).join(', ');
}

/** Orders components so that each comes after those it depends on; a circle is refused. */
export function inOrder(recipes: ReadonlyMap<string, Recipe>): readonly Recipe[] {
  const ordered: Recipe[] = [];
  const visiting = new Set<string>();
  const visit = (recipe: Recipe) => {
    if (ordered.includes(recipe)) return;
    if (visiting.has(recipe.name)) throw new Refused(`${recipe.name} depends on itself`);
    visiting.add(recipe.name);
    for (const name of Object.keys(recipe.dependencies)) {
      const dependency = recipes.get(name);
      if (dependency !== undefined) visit(dependency);
    }
    ordered.push(recipe);
  };
  for (const recipe of recipes.values()) visit(recipe);
  return ordered;
}
