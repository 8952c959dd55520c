import type { Rule } from '../rule.ts';

/** The cloud's quota of a recipe. */
const MAX_BYTES = 16 * 1024;
/** lite, ggl-recipe/src/recipe.c: the buffer that a recipe file is read into, whole or not at all. */
const MAX_LITE_BYTES = 8_196;
/** These belong into a deployment; they have a rule of their own. */
const OF_DEPLOYMENTS = /^(runWith|systemResourceLimits|linuxProcessParams)$/i;

export const yamlSyntax: Rule = {
  id: 'yaml-syntax',
  nuclei: 'both',
  severity: 'error',
  explanation: 'What cannot be read is refused by the cloud, and by both nuclei in a local deployment.',
  mend: 'Fix the line that is named; nothing else was checked.',
  check: ({ syntax }) => syntax,
};

export const READING: readonly Rule[] = [
  yamlSyntax,
  {
    id: 'yaml-alias',
    nuclei: 'classic',
    severity: 'error',
    // classic, RecipeLoader: Jackson's YAML parser gives the name of the anchor as if it were the text.
    explanation: 'Classic does not follow aliases: the script would be the name of the anchor.',
    mend: 'Write it out in both places.',
    check: ({ aliases }) => aliases,
  },
  {
    id: 'unknown-key',
    nuclei: 'both',
    severity: 'error',
    // classic, RecipeLoader.parseRecipe: FAIL_ON_UNKNOWN_PROPERTIES is off; lite looks only for what it knows.
    explanation: 'Neither nucleus says a word about a key that it does not know: what it was to mean is not done.',
    mend: 'Correct the key, or remove it.',
    check: ({ unknownKeys }) => unknownKeys.filter(({ key }) => !OF_DEPLOYMENTS.test(key)),
  },
  {
    id: 'run-with',
    nuclei: 'both',
    severity: 'error',
    // classic, KernelConfigResolver.updateRunWith takes it from the deployment; lite has none, see RECIPE_SUPPORT_CHANGES.md.
    explanation: 'User and limits of a component come from the deployment, and only classic honours them.',
    mend: 'Put `runWith` into the deployment for classic cores; on lite, limit the unit with systemd.',
    check: ({ unknownKeys }) => {
      const misplaced = unknownKeys.filter(({ key }) => OF_DEPLOYMENTS.test(key));
      return misplaced.map(({ keys, key }) => ({ keys, problem: `${key} in a recipe does nothing` }));
    },
  },
  {
    id: 'key-case',
    nuclei: 'lite',
    severity: 'error',
    // lite, ggl-recipe/src/recipe.c: gg_map_get compares bytes; classic's mapper and Topics ignore case.
    explanation: 'Nucleus lite distinguishes upper and lower case, so it does not see this key; classic does.',
    mend: 'Write the key as it is named here: stages and platform in lower case, the rest in CamelCase.',
    check: ({ wrongCase }) => wrongCase,
  },
  {
    id: 'recipe-too-large',
    nuclei: 'both',
    severity: 'error',
    explanation: `The cloud takes recipes of at most ${MAX_BYTES} bytes.`,
    mend: 'Move scripts into the artifact, and long comments into a document.',
    check: ({ bytes }) => tooLarge(bytes, MAX_BYTES),
  },
  {
    id: 'recipe-too-large-for-lite',
    nuclei: 'lite',
    severity: 'error',
    explanation: `Nucleus lite reads a recipe into a buffer of ${MAX_LITE_BYTES} bytes. In a local deployment it reads this very file; from the cloud it comes without its comments.`,
    mend: 'Move scripts into the artifact, and long comments into a document.',
    check: ({ bytes }) => (bytes > MAX_BYTES ? [] : tooLarge(bytes, MAX_LITE_BYTES)),
  },
];

function tooLarge(bytes: number, max: number) {
  return bytes > max ? [{ keys: [], problem: `${bytes} bytes, ${max} at most` }] : [];
}
