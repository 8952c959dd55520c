import type { Spot } from '../../recipe.ts';
import { isModel, type Stage, stages } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';

/** By default gates, canary and probation may take ten minutes each (src/package/gates.ts); the agent has to start before. */
const MIN_MODEL_S = 1_800;

export const TIMEOUTS: readonly Rule[] = [
  {
    id: 'timeout-value',
    nuclei: 'both',
    severity: 'error',
    // lite, ggl-recipe/src/recipe.c, process_script_section_as_map: the unit file is not written.
    explanation:
      'A timeout is a whole number of seconds; with anything else nucleus lite does not deploy the component.',
    mend: 'Write 600 for ten minutes.',
    check: (recipe) =>
      stages(recipe).flatMap((stage) => {
        const { Timeout: value } = stage.settings;
        // Both put in a value of the configuration.
        if (value === undefined || /^\d+$/.test(String(value)) || /^\{.*\}$/.test(String(value))) return [];
        return [spot(stage, `${value} is not a number of seconds`)];
      }),
  },
  {
    id: 'run-timeout',
    nuclei: 'classic',
    severity: 'error',
    // classic, GenericExternalService.handleRunScript: RUN_TIMEOUT.
    explanation:
      'Classic ends a run that lasts longer than its Timeout, and counts it as an error: three of them and the component is BROKEN.',
    mend: 'Leave the Timeout of run out.',
    check: (recipe) =>
      stages(recipe)
        .filter(({ name, settings }) => name === 'run' && 'Timeout' in settings)
        .map((stage) => spot(stage, `run would be ended after ${stage.settings['Timeout']} s`)),
  },
  {
    id: 'model-timeout',
    nuclei: 'both',
    severity: 'error',
    // classic, Lifecycle: DEFAULT_STARTUP_STAGE_TIMEOUT_IN_SEC = 120; lite, recipe2unit: TimeoutStartSec=120.
    explanation: `The startup of a model waits for the verdict on it. The default of 120 s ends it in the middle of the rollout: the deployment fails, and the model may be committed all the same.`,
    mend: `Write a Timeout of ${MIN_MODEL_S} at least, and more than the script waits altogether; 2400 is good.`,
    check: (recipe) => {
      if (!isModel(recipe)) return [];
      return stages(recipe).flatMap((stage) => {
        const timeout = Number(stage.settings['Timeout'] ?? 120);
        if (stage.name !== 'startup' || !(timeout < MIN_MODEL_S)) return [];
        return [spot(stage, `startup is ended after ${timeout} s`)];
      });
    },
  },
];

function spot(stage: Stage, problem: string): Spot {
  return { keys: [...stage.keys, 'Timeout'], problem };
}
