import type { Recipe, Spot } from '../../recipe.ts';
import { at } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';

const FORMAT = '2020-01-25';
const NAME = /^[a-zA-Z0-9_.-]{1,128}$/;
/** semver.org, 2; lite holds a version against the same grammar (ggl-semver, is_valid_semver). */
const VERSION =
  /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?(\+[\da-zA-Z-]+(\.[\da-zA-Z-]+)*)?$/;
const MAX_VERSION = 64;
const GENERIC = 'aws.greengrass.generic';
const TYPES = [GENERIC, 'aws.greengrass.lambda', 'aws.greengrass.plugin', 'aws.greengrass.nucleus'];
/** lite, recipe2unit/src/parser.c: a unit file has 2,048 bytes, in which names and paths need some 1,400. */
const MAX_DESCRIPTION = 500;

export const IDENTITY: readonly Rule[] = [
  {
    id: 'format-version',
    nuclei: 'both',
    severity: 'error',
    explanation: `There is one format of recipes, and its name is required.`,
    mend: `Write RecipeFormatVersion: '${FORMAT}'.`,
    check: (recipe) => required(recipe, 'RecipeFormatVersion', (text) => text === FORMAT, `is not ${FORMAT}`),
  },
  {
    id: 'component-name',
    nuclei: 'both',
    severity: 'error',
    explanation:
      'The name is part of file names, unit names and ARNs: letters, digits, dot, dash and underscore, up to 128.',
    mend: 'Use the reversed domain of your company: com.example.Thing.',
    check: (recipe) => required(recipe, 'ComponentName', (text) => NAME.test(text), 'is not a name of a component'),
  },
  {
    id: 'component-version',
    nuclei: 'both',
    severity: 'error',
    explanation:
      'A version is a semantic version of three numbers. One that is not quoted may be read as a number: 1.10 is 1.1.',
    mend: "Write it as '1.2.3', in quotes.",
    check: (recipe) => required(recipe, 'ComponentVersion', isVersion, 'is not a semantic version'),
  },
  {
    id: 'component-type',
    nuclei: 'both',
    severity: 'error',
    explanation: `Classic knows ${TYPES.join(', ')}; with another it does not load the recipe.`,
    mend: `Write ${GENERIC}, or leave it out.`,
    check: (recipe) => optional(recipe, 'ComponentType', (text) => TYPES.includes(text), 'is not a type of components'),
  },
  {
    id: 'component-type-on-lite',
    nuclei: 'lite',
    severity: 'error',
    // lite, docs/RECIPE_SUPPORT_CHANGES.md
    explanation: 'Nucleus lite runs generic components only: no Lambda functions, and no plugins in its own process.',
    mend: `Write ${GENERIC}, or deploy this one to classic only.`,
    check: (recipe) => {
      const fits = (text: string) => text === GENERIC || !TYPES.includes(text);
      return optional(recipe, 'ComponentType', fits, 'does not run on lite');
    },
  },
  {
    id: 'description-too-long',
    nuclei: 'lite',
    severity: 'error',
    explanation:
      'Nucleus lite writes the description into a systemd unit of at most 2,048 bytes, with the paths of the component.',
    mend: `Say it in ${MAX_DESCRIPTION} bytes, on one line.`,
    check: (recipe) => {
      const fits = (text: string) => Buffer.byteLength(text) <= MAX_DESCRIPTION;
      return optional(recipe, 'ComponentDescription', fits, `has more than ${MAX_DESCRIPTION} bytes`, () => 'The text');
    },
  },
];

function isVersion(text: string): boolean {
  return text.length <= MAX_VERSION && VERSION.test(text);
}

type Test = (text: string) => boolean;

function required(recipe: Recipe, key: string, fits: Test, problem: string): Spot[] {
  if (at(recipe.value, key) === undefined) return [{ keys: [], problem: `${key} is missing` }];
  return optional(recipe, key, fits, problem);
}

function optional(recipe: Recipe, key: string, fits: Test, problem: string, show = (text: string) => text): Spot[] {
  const value = at(recipe.value, key);
  if (value === undefined || (typeof value === 'string' && fits(value))) return [];
  return [{ keys: [key], problem: `${show(String(value))} ${problem}` }];
}
