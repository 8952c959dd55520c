import type { KeyPath, Recipe, Spot } from '../../recipe.ts';
import { stages } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';

/** Both nuclei know these (classic, KernelConfigResolver; lite, ggl-config-interpolation/src/interpolation.c). */
const KNOWN = ['artifacts:path', 'artifacts:decompressedPath', 'work:path', 'kernel:rootPath', 'iot:thingName'];
const NAMES = KNOWN.map((name) => `{${name}}`).join(', ');

type Kind = 'known' | 'configuration' | 'foreign' | 'unknown' | 'brace';
type Found = { readonly keys: KeyPath; readonly index: number; readonly text: string; readonly kind: Kind };

export const VARIABLES: readonly Rule[] = [
  {
    id: 'brace-in-script',
    nuclei: 'lite',
    severity: 'error',
    // lite, recipe-runner/src/runner.c, handle_escape; `runner` executes what was written, whatever came of it.
    explanation:
      'Nucleus lite takes every { in a script for the start of a variable, up to the next }. Where it is none, the script ends there: what stands before it is run, and its exit code counts. So no { group; }, no parameter in braces, no awk, no JSON.',
    mend: 'Write $name without braces, and ( ) for { }. What needs braces goes into a script of the artifact.',
    check: (recipe) => told(recipe, 'brace', (text) => `lite reads ${text} as a variable`),
  },
  {
    id: 'variable-unknown',
    nuclei: 'both',
    severity: 'error',
    explanation: `Both nuclei know ${NAMES}. Classic leaves another one as it stands; lite runs the script only as far as there.`,
    mend: 'Use one of these, or an environment variable: AWS_IOT_THING_NAME, AWS_REGION.',
    check: (recipe) => told(recipe, 'unknown', (text) => `${text} is not a variable`),
  },
  {
    id: 'variable-of-another-component',
    nuclei: 'lite',
    severity: 'error',
    // lite, split_recipe_variable: what stands before the first colon must be a namespace.
    explanation: 'Only classic fills in variables of another component, and only of a direct dependency.',
    mend: 'Go by the folders: {work:path}/../OTHER is the work folder of another component.',
    check: (recipe) => told(recipe, 'foreign', (text) => `${text} is not known to lite`),
  },
  {
    id: 'variable-of-configuration',
    nuclei: 'lite',
    severity: 'warning',
    // lite >= 2.1.0 only; a value that is not there fails the stage. Classic puts the text in unquoted.
    explanation:
      'Nucleus lite before 2.1.0 does not know it, and a later one runs the script only as far as there when the value is missing. Classic puts the value in unquoted: whoever sets it writes the script.',
    mend: 'Read the configuration in the program, over IPC.',
    check: (recipe) => told(recipe, 'configuration', (text) => `${text} in a script`),
  },
];

function told(recipe: Recipe, kind: Kind, problemOf: (text: string) => string): Spot[] {
  const found = texts(recipe).flatMap(({ keys, text }) => variables(keys, text));
  return found
    .filter((variable) => variable.kind === kind)
    .map(({ keys, index, text }) => ({ keys, index, problem: problemOf(text) }));
}

/** Scripts, and the values of their environment: variables are filled in in both. */
function texts(recipe: Recipe): { keys: KeyPath; text: string }[] {
  const all = stages(recipe).flatMap(({ script, environment }) => [
    ...(script === undefined ? [] : [script]),
    ...environment.map(({ keys, value }) => ({ keys, text: String(value) })),
  ]);
  // An environment around several stages is told once.
  return [...new Map(all.map((each) => [JSON.stringify(each.keys), each])).values()];
}

/** Finds what lite takes for variables: from a { to the next }. */
function variables(keys: KeyPath, text: string): Found[] {
  const found: Found[] = [];
  for (let index = text.indexOf('{'); index >= 0; ) {
    const end = text.indexOf('}', index);
    const inside = text.slice(index + 1, end < 0 ? undefined : end);
    const shown = end < 0 ? firstLine(text.slice(index)) : firstLine(text.slice(index, end + 1));
    found.push({ keys, index, text: shown, kind: end < 0 ? 'brace' : kindOf(inside) });
    index = end < 0 ? -1 : text.indexOf('{', end);
  }
  return found;
}

function firstLine(text: string): string {
  const [first = '', ...more] = text.split('\n');
  return more.length === 0 ? first : `${first} ...`;
}

function kindOf(inside: string): Kind {
  if (KNOWN.includes(inside)) return 'known';
  if (/^configuration:\/?[^\s{]*$/.test(inside)) return 'configuration';
  if (/^[\w.-]+:(artifacts|work|kernel|iot|configuration):[^\s{]+$/.test(inside)) return 'foreign';
  return /^[\w.-]+:[\w./-]+$/.test(inside) ? 'unknown' : 'brace';
}
