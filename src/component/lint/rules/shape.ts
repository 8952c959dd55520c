import type { KeyPath, Recipe } from '../../recipe.ts';
import { at, list, mapping } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';

type Shape = 'list' | 'mapping';
type Place = { readonly keys: KeyPath; readonly shape: Shape };

const WANTED: Readonly<Record<Shape, string>> = {
  list: 'is no list: each entry begins with a dash',
  mapping: 'is no mapping of keys to values',
};

export const SHAPE: readonly Rule[] = [
  {
    id: 'wrong-shape',
    nuclei: 'both',
    severity: 'error',
    // classic, RecipeLoader: Jackson refuses the recipe; lite, ggl-recipe: an object of another type is as good as none.
    explanation:
      'Classic does not read a recipe with a list in the place of a mapping, or the other way round; lite passes over it.',
    mend: 'Manifests and Artifacts are lists, and their entries are mappings, as is everything else that holds something.',
    check: (recipe) =>
      places(recipe).flatMap(({ keys, shape }) => {
        const value = at(recipe.value, ...keys);
        // What is there and empty is as good as missing: other rules tell.
        if (value === undefined || value === null) return [];
        const fits = shape === 'list' ? Array.isArray(value) : mapping(value) !== undefined;
        return fits ? [] : [{ keys, problem: `${nameOf(keys)} ${WANTED[shape]}` }];
      }),
  },
];

/** An entry has no name of its own. */
function nameOf(keys: KeyPath): string {
  const last = keys.at(-1) ?? '';
  return typeof last === 'number' ? `entry ${last + 1} of ${keys.at(-2) ?? ''}` : last;
}

function places({ value }: Recipe): Place[] {
  const inManifests = list(at(value, 'Manifests')).flatMap((_, index): Place[] => {
    const keys = ['Manifests', index];
    const artifacts = list(at(value, ...keys, 'Artifacts'));
    return [
      { keys, shape: 'mapping' },
      { keys: [...keys, 'Platform'], shape: 'mapping' },
      { keys: [...keys, 'Lifecycle'], shape: 'mapping' },
      { keys: [...keys, 'Artifacts'], shape: 'list' },
      ...artifacts.map((_, artifact): Place => ({ keys: [...keys, 'Artifacts', artifact], shape: 'mapping' })),
    ];
  });
  return [
    { keys: ['ComponentConfiguration'], shape: 'mapping' },
    { keys: ['ComponentConfiguration', 'DefaultConfiguration'], shape: 'mapping' },
    { keys: ['ComponentDependencies'], shape: 'mapping' },
    { keys: ['Lifecycle'], shape: 'mapping' },
    { keys: ['Manifests'], shape: 'list' },
    ...inManifests,
  ];
}
