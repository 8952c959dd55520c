import type { Recipe, Spot } from '../../recipe.ts';
import { STAGES } from '../../recipe-keys.ts';
import { at, lifecycles, mapping, nameOf, type Stage, stages } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';

/** lite, docs/RECIPE_SUPPORT_CHANGES.md; recipe2unit makes units for bootstrap, install, startup and run only. */
const NOT_ON_LITE = new Map([
  ['shutdown', 'never runs there: end on SIGTERM instead'],
  ['recover', 'never runs there: put things right at the start of the next run'],
  ['uninstall', 'never runs there: leave nothing outside the work folder'],
  [
    'bootstrap',
    'runs there only in part: what needs a restart of the nucleus does not belong into a component of both',
  ],
]);

export const STAGE_RULES: readonly Rule[] = [
  {
    id: 'unsupported-stage',
    nuclei: 'lite',
    severity: 'error',
    explanation: 'Nucleus lite runs install, and startup or run. It passes over other stages without an error.',
    mend: 'Do it in one of these three.',
    check: (recipe) =>
      onLite(recipe).flatMap(({ name, keys }) => {
        const why = NOT_ON_LITE.get(name);
        return why === undefined ? [] : [{ keys, problem: `${name} ${why}` }];
      }),
  },
  {
    id: 'skipif',
    nuclei: 'lite',
    severity: 'error',
    explanation: 'Nucleus lite does not know Skipif, and runs the stage every time.',
    mend: 'Ask in the script: `if [ -e FILE ]; then exit 0; fi`.',
    check: (recipe) => onLite(recipe).flatMap((stage) => setting(stage, 'Skipif', () => 'Skipif is passed over')),
  },
  {
    id: 'install-only',
    nuclei: 'lite',
    severity: 'error',
    // lite, ggdeploymentd, wait_for_deployment_status: it waits for a unit that was never written, then fails.
    explanation:
      'Nucleus lite waits for startup or run of every component. One with neither never finishes, and the deployment fails after 300 s.',
    mend: 'Add a startup that ends well: `if true; then systemd-notify --ready; exit 0; fi; exit 1`.',
    check: (recipe) =>
      lifecycles(recipe).flatMap(({ keys, value, lite }) => {
        if (!lite || 'run' in value || 'startup' in value) return [];
        return [{ keys, problem: 'neither run nor startup' }];
      }),
  },
  {
    id: 'run-and-startup',
    nuclei: 'both',
    severity: 'error',
    // classic, GenericExternalService.startup: run only if startup did nothing; lite, manifest_builder: startup first.
    explanation: 'A component is started by startup or by run. With both, neither nucleus ever gets to run.',
    mend: 'startup: for what comes up and ends, or goes on in the background. run: for what runs in the foreground. Keep one.',
    check: (recipe) =>
      lifecycles(recipe).flatMap(({ keys, value }) => {
        if (!('run' in value && 'startup' in value)) return [];
        return [{ keys: [...keys, 'run'], problem: 'run beside startup never runs' }];
      }),
  },
  {
    id: 'lifecycle-missing',
    nuclei: 'both',
    severity: 'error',
    explanation: 'Without stages there is nothing to do; lite finds no manifest then.',
    mend: 'Add a Lifecycle with install and run, or install and startup.',
    check: (recipe) =>
      stages(recipe).length > 0 ? [] : [{ keys: ['Manifests'], problem: 'no stage in any Lifecycle' }],
  },
  {
    id: 'common-lifecycle',
    nuclei: 'lite',
    severity: 'error',
    // lite, ggl-recipe/src/recipe.c, lifecycle_selection: only `all` and `linux` are looked for.
    explanation:
      'In the Lifecycle at the top of a recipe, nucleus lite looks for the selections `all` and `linux` only.',
    mend: 'Put the stages under `all:`, or into the manifests.',
    check: (recipe) => {
      const common = Object.keys(mapping(at(recipe.value, 'Lifecycle')) ?? {});
      const stray = common.filter((key) => (STAGES as readonly string[]).includes(key));
      return stray.slice(0, 1).map((key) => ({ keys: ['Lifecycle', key], problem: `${key} is not under a selection` }));
    },
  },
  {
    id: 'stages-differ',
    nuclei: 'lite',
    severity: 'error',
    // lite, recipe2unit and stale_component.c: units of stages that the new version lacks stay as they are.
    explanation:
      'Nucleus lite replaces the unit of a stage only if the new version has that stage: the old one would stay, and run the old version.',
    mend: 'Give every version of a component the same stages; an empty one is `exit 0`.',
    check: stagesDiffer,
  },
  {
    id: 'requires-privilege',
    nuclei: 'both',
    severity: 'warning',
    explanation: 'The stage would run as root: whoever may publish the component or its artifacts owns the device.',
    mend: 'Run as the component user; give it the group or the device file that it needs.',
    check: (recipe) =>
      stages(recipe).flatMap((stage) =>
        setting(stage, 'RequiresPrivilege', (value) =>
          String(value) === 'true' ? `${stage.name} runs as root` : undefined,
        ),
      ),
  },
];

function onLite(recipe: Recipe): Stage[] {
  return stages(recipe).filter(({ lite }) => lite);
}

function setting(stage: Stage, key: string, problemOf: (value: unknown) => string | undefined): Spot[] {
  if (!(key in stage.settings)) return [];
  const problem = problemOf(stage.settings[key]);
  return problem === undefined ? [] : [{ keys: [...stage.keys, key], problem }];
}

/** Each recipe is held against the first one given of the same component. */
function stagesDiffer(recipe: Recipe, others: readonly Recipe[]): Spot[] {
  const first = others.find((other) => nameOf(other) === nameOf(recipe) && nameOf(other) !== '');
  if (first === undefined) return [];
  const [mine, theirs] = [recipe, first].map((each) => [...new Set(stages(each).map(({ name }) => name))].sort());
  if (String(mine) === String(theirs)) return [];
  const versions = `${at(first.value, 'ComponentVersion')} in ${first.file}`;
  return [{ keys: ['Manifests'], problem: `has ${mine?.join(', ')}; version ${versions} has ${theirs?.join(', ')}` }];
}
