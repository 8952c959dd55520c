import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { fail, ok, type Result } from '../../domain/errors.ts';

export type SourceRecipe = {
  readonly name: string;
  readonly version: string;
  /** The names of the artifacts that it asks for. */
  readonly artifacts: readonly string[];
  /** As it is written: comments and all go into the component. */
  readonly text: string;
  readonly file: string;
};

/** AWS takes no larger ones. */
const MAX_RECIPE_BYTES = 16 * 1024;

const recipeForm = z.object({
  ComponentName: z.string(),
  ComponentVersion: z.string(),
  Manifests: z.array(z.object({ Artifacts: z.array(z.object({ Uri: z.string() })).default([]) })),
});

/** Reads all recipes of a folder, each called COMPONENT.yaml. */
export async function readRecipes(folder: string): Promise<Result<readonly SourceRecipe[]>> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => name.endsWith('.yaml')).sort();
  if (names.length === 0) return fail('E_FILE_MISSING', `no recipe in ${folder}`);
  const recipes: SourceRecipe[] = [];
  for (const name of names) {
    const file = join(folder, name);
    const recipe = readRecipe(file, await readFile(file, 'utf8'));
    if (!recipe.ok) return recipe;
    recipes.push(recipe.value);
  }
  return ok(recipes);
}

export function readRecipe(file: string, text: string): Result<SourceRecipe> {
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_RECIPE_BYTES) {
    return fail('E_COMPONENT_TOO_LARGE', `${file} has ${bytes} bytes, ${MAX_RECIPE_BYTES} at most`);
  }
  try {
    const { ComponentName: name, ComponentVersion: version, Manifests } = recipeForm.parse(parse(text));
    if (basename(file, '.yaml') !== name) return fail('E_COMPONENT_BUILD', `${file} is the recipe of ${name}`);
    const artifacts = Manifests.flatMap(({ Artifacts }) => Artifacts.map(({ Uri }) => basename(Uri)));
    return ok({ name, version, artifacts: [...new Set(artifacts)].sort(), text, file });
  } catch (thrown) {
    return fail('E_COMPONENT_BUILD', `${file}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, thrown);
  }
}

/** Tells what a recipe says otherwise than what is built: its version, or the names of its artifacts. */
export function recipeMismatch(
  recipe: SourceRecipe,
  built: { readonly version: string; readonly from: string; readonly artifacts: readonly string[] },
): string | undefined {
  const { file, version } = recipe;
  if (version !== built.version) {
    return `${file} has ComponentVersion ${version}, and ${built.from} has ${built.version}: change one of them`;
  }
  const missing = recipe.artifacts.filter((name) => !built.artifacts.includes(name));
  if (missing.length > 0)
    return `${file} asks for ${missing.join(', ')}; what is built is ${built.artifacts.join(', ')}`;
  const unused = built.artifacts.filter((name) => !recipe.artifacts.includes(name));
  return unused.length > 0 ? `${file} has no artifact ${unused.join(', ')}` : undefined;
}
