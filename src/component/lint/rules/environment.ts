import type { Recipe } from '../../recipe.ts';
import { type Stage, stages } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';

export const ENVIRONMENT: readonly Rule[] = [
  {
    id: 'environment-name',
    nuclei: 'lite',
    severity: 'error',
    // lite, recipe-runner/src/runner.c, setenv_key_is_valid.
    explanation:
      'Nucleus lite runs nothing of a stage whose Setenv holds a name that sh cannot export, and takes that for success.',
    mend: 'Use letters, digits and underscores, and no digit first.',
    check: (recipe) =>
      environment(recipe)
        .filter(({ name }) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
        .map(({ keys, name }) => ({ keys, problem: `${name} is not the name of a variable` })),
  },
  {
    id: 'environment-value',
    nuclei: 'lite',
    severity: 'error',
    // lite, recipe-runner/src/runner.c, process_set_env: the cloud delivers the recipe as JSON, with its types.
    explanation:
      'Nucleus lite runs nothing of a stage whose Setenv holds something else than text, once the recipe comes from the cloud, and takes that for success.',
    mend: "Put the value in quotes: '1', 'true'.",
    check: (recipe) =>
      environment(recipe)
        .filter(({ value }) => typeof value !== 'string')
        .map(({ keys, name, value }) => ({ keys, problem: `${name} is ${JSON.stringify(value)}, not text` })),
  },
];

function environment(recipe: Recipe): Stage['environment'] {
  const all = stages(recipe).flatMap(({ environment }) => environment);
  return [...new Map(all.map((each) => [JSON.stringify(each.keys), each])).values()];
}
