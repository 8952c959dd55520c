import type { Recipe, Spot } from '../../recipe.ts';
import { at, isModel, type Mapping, mapping } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';

const MODEL = /\.model\./;
/** A comparison of npm's grammar, which classic and the cloud take (semver4j, `NPM`). */
const COMPARISON = String.raw`(?:[~^]|>=|<=|>|<|=)?\s*v?(?:\d+|[xX*])(?:\.(?:\d+|[xX*])){0,2}(?:-[\w.-]+)?(?:\+[\w.-]+)?`;
const RANGE = new RegExp(
  String.raw`^\s*${COMPARISON}(?:\s+(?:-\s+|\|\|\s*)?${COMPARISON}|\s*\|\|\s*${COMPARISON})*\s*$`,
);
/** lite, ggl-semver/src/semver.c, is_in_range: comparisons with one space between them, compared by strverscmp. */
const LITE_RANGE = /^(>=|<=|>|<|=)?\d+\.\d+\.\d+\S*( (>=|<=|>|<|=)?\d+\.\d+\.\d+\S*)*$/;

export const DEPENDENCIES: readonly Rule[] = [
  {
    id: 'dependency-type',
    nuclei: 'both',
    severity: 'error',
    // classic: an enum; lite, recipe2unit, parse_dependency_type: anything but HARD is SOFT.
    explanation: 'A dependency is HARD or SOFT. Classic refuses any other word; lite takes it for SOFT.',
    mend: 'Write HARD or SOFT, in capitals.',
    check: (recipe) =>
      dependencies(recipe).flatMap(({ name, type }) => {
        if (type === undefined || type === 'HARD' || type === 'SOFT') return [];
        return [spot(name, 'DependencyType', `${type} is neither HARD nor SOFT`)];
      }),
  },
  {
    id: 'hard-dependency',
    nuclei: 'both',
    severity: 'error',
    // classic: HARD if left out, and dependents restart with it; lite, recipe2unit: BindsTo.
    explanation:
      'A model that fails would take the agent down with it, and an update of the agent would start every model anew.',
    mend: 'Write `DependencyType: SOFT`; the script waits for the agent by itself.',
    check: (recipe) =>
      dependencies(recipe).flatMap(({ name, type = 'HARD' }) => {
        const ofModel = isModel(recipe) && !name.startsWith('aws.');
        if (type !== 'HARD' || !(ofModel || MODEL.test(name))) return [];
        return [
          spot(
            name,
            'DependencyType',
            ofModel ? `the model depends HARD on ${name}` : `depends HARD on the model ${name}`,
          ),
        ];
      }),
  },
  {
    id: 'version-range',
    nuclei: 'both',
    severity: 'error',
    // lite, ggdeploymentd, resolve_dependencies: VersionRequirement is required.
    explanation: 'A dependency needs a range of versions that can be read.',
    mend: "Write for instance '>=1.0.0 <2.0.0'.",
    check: (recipe) =>
      dependencies(recipe).flatMap(({ name, range }) => {
        if (range === undefined) return [spot(name, 'VersionRequirement', `${name} has no VersionRequirement`)];
        return RANGE.test(range) ? [] : [spot(name, 'VersionRequirement', `${range} is not a range of versions`)];
      }),
  },
  {
    id: 'version-range-on-lite',
    nuclei: 'lite',
    severity: 'error',
    explanation:
      'Nucleus lite knows >=, >, <=, < and =, each with three numbers, and one space between two of them. Nothing matches anything else.',
    mend: "Write '>=1.2.0 <2.0.0' for ^1.2.0, and '>=1.2.0 <1.3.0' for ~1.2.0.",
    check: (recipe) =>
      dependencies(recipe).flatMap(({ name, range }) => {
        if (range === undefined || !RANGE.test(range) || LITE_RANGE.test(range)) return [];
        return [spot(name, 'VersionRequirement', `no version matches ${range} there`)];
      }),
  },
];

function dependencies(recipe: Recipe) {
  return Object.entries(mapping(at(recipe.value, 'ComponentDependencies')) ?? {}).map(([name, value]) => {
    const { VersionRequirement: range, DependencyType: type } = (mapping(value) ?? {}) as Mapping &
      Record<string, string>;
    return { name, range: text(range), type: text(type) };
  });
}

function text(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}

function spot(name: string, key: string, problem: string): Spot {
  return { keys: ['ComponentDependencies', name, key], problem };
}
