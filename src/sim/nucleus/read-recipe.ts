import { parse } from 'yaml';
import { liteRecipeParts, MAX_LITE_PARTS } from '../../domain/nucleus-lite.ts';
import { isObject, type JsonObject } from './json.ts';
import type { Machine, Recipe, RecipeFormat } from './recipe.ts';
import { readClassicRecipe } from './recipe-classic.ts';
import { readLiteRecipe } from './recipe-lite.ts';
import { Refused } from './refused.ts';
import type { NucleusMode } from './services.ts';

/** Lite reads recipes into a buffer of this size (ggl_recipe_get_from_file). */
const MAX_LITE_BYTES = 8_196;
/** AWS takes no larger recipe. */
const MAX_CLASSIC_BYTES = 16_384;

/** Reads a recipe as the nucleus of this machine does; throws Refused with its reason. */
export function readRecipe(text: string, format: RecipeFormat, machine: Machine): Recipe {
  const limit = machine.mode === 'lite' ? MAX_LITE_BYTES : MAX_CLASSIC_BYTES;
  const bytes = Buffer.byteLength(text);
  if (bytes > limit) throw new Refused(`the recipe has ${bytes} bytes, more than the ${limit} that are read`);
  const document = parseText(text, format, machine.mode);
  if (!isObject(document)) throw new Refused('the recipe is no map');
  if (machine.mode === 'classic') return readClassicRecipe(document, machine);
  refuseTooManyParts(document);
  return readLiteRecipe(document, machine);
}

/** As it would come from the cloud, with digests: what can be deployed from a folder only is of no use. */
function refuseTooManyParts(document: JsonObject): void {
  const parts = liteRecipeParts(document);
  if (parts <= MAX_LITE_PARTS) return;
  throw new Refused(`the recipe has ${parts} keys, values and items, more than the ${MAX_LITE_PARTS} that are read`);
}

/** To lite, every scalar of YAML is text (ggl-yaml): 300 becomes "300", true becomes "true". */
function parseText(text: string, format: RecipeFormat, mode: NucleusMode): unknown {
  try {
    if (format === 'json') return JSON.parse(text);
    return parse(text, mode === 'lite' ? { schema: 'failsafe' } : { schema: 'core' });
  } catch (cause) {
    throw new Refused(`the recipe cannot be parsed: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
