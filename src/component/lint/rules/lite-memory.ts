import {
  CLOUD_PARTS_AN_ARTIFACT,
  liteObjectBytes,
  liteRecipeParts,
  liteValueBytes,
  liteValues,
  MAX_LITE_PARTS,
  MAX_LITE_VALUE_BYTES,
  MAX_LITE_WRITE_BYTES,
} from '../../../domain/nucleus-lite.ts';
import type { Spot } from '../../recipe.ts';
import { at, mapping } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';

const CONFIGURATION = ['ComponentConfiguration', 'DefaultConfiguration'] as const;

export const LITE_MEMORY: readonly Rule[] = [
  {
    id: 'recipe-too-many-parts',
    nuclei: 'lite',
    severity: 'error',
    // lite, ggl-recipe/src/recipe.c, ggl_recipe_get_from_file: gg_arena_claim_obj, which visits it all (component-sdk).
    explanation: `Nucleus lite reads a recipe of at most ${MAX_LITE_PARTS} keys, values and items of lists, all platforms together, and refuses the deployment over a larger one. The cloud adds ${CLOUD_PARTS_AN_ARTIFACT} an artifact: its digest.`,
    mend: 'Merge policies with the same operations, leave out what is the default, and move configuration into deployments.',
    check: (recipe) => {
      const parts = liteRecipeParts(recipe.value);
      return parts > MAX_LITE_PARTS ? [{ keys: [], problem: `${parts} of them, ${MAX_LITE_PARTS} at most` }] : [];
    },
  },
  {
    id: 'configuration-too-large',
    nuclei: 'lite',
    severity: 'error',
    // lite, ggconfigd/src/db_corebus.c, ggconfig_process_nonmap; core-bus/src/server.c, PAYLOAD_VALUE_MAX_SUBOBJECTS.
    explanation: `Nucleus lite stores each value of a configuration as JSON of at most ${MAX_LITE_VALUE_BYTES} bytes; a list is one value, with all that is in it. And it takes a configuration at once only if 21 bytes a key and 11 an item make at most ${MAX_LITE_WRITE_BYTES}. Beyond that the deployment fails. The same holds for what a deployment merges.`,
    mend: 'Shorten the list, or make it a mapping, whose values are stored one by one.',
    check: (recipe) => {
      const configuration = at(recipe.value, ...CONFIGURATION);
      if (mapping(configuration) === undefined) return [];
      const bytes = liteObjectBytes(configuration);
      const whole = bytes > MAX_LITE_WRITE_BYTES ? [spot([], `all of it takes ${bytes} bytes`)] : [];
      const single = [...liteValues(configuration)].flatMap(([keys, value]) => {
        const length = liteValueBytes(value);
        return length > MAX_LITE_VALUE_BYTES ? [spot(keys, `${keys.join('.')} has ${length} bytes as JSON`)] : [];
      });
      return [...whole, ...single];
    },
  },
];

function spot(keys: readonly string[], problem: string): Spot {
  return { keys: [...CONFIGURATION, ...keys], problem };
}
