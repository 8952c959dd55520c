import type { Spot } from '../../recipe.ts';
import { type Stage, stages } from '../../recipe-view.ts';
import type { Rule } from '../rule.ts';

/** Starts a program of ours, or ONNX Runtime. */
const LOADS_MODELS = /\bopenclaw-edge\b|\/bin\/start\b|onnxruntime/;
const TELEMETRY = 'ORT_DISABLE_TELEMETRY';
/** What bash and others have, and sh on Debian, Ubuntu and Yocto has not. */
const BASHISMS: readonly (readonly [RegExp, string])[] = [
  [/\[\[ /, '[[ ]]'],
  [/(?<=^|[\n;&|]\s*)source\s/, 'source'],
  [/(?<=^|[\n;&|]\s*)function\s+\w+/, 'function'],
  [/set -[a-z]*o pipefail/, 'pipefail'],
  [/<\(|<<</, '<( ) or <<<'],
  [/&>/, '&>'],
];

export const SCRIPTS: readonly Rule[] = [
  {
    id: 'script-missing',
    nuclei: 'both',
    severity: 'error',
    // lite, process_script_section_as_map: "Script is not in the map".
    explanation: 'A stage is its script; with none, nucleus lite does not deploy the component.',
    mend: 'Add `Script:`, or remove the stage.',
    check: (recipe) =>
      stages(recipe).flatMap((stage) => (stage.script === undefined ? [spot(stage, 'no Script')] : [])),
  },
  {
    id: 'not-posix',
    nuclei: 'both',
    severity: 'error',
    // classic: `sh -c`; lite, recipe-runner/src/runner.c: `#!/bin/sh`.
    explanation: 'Scripts are run by sh, which is dash on Debian and Ubuntu and BusyBox elsewhere.',
    mend: 'Write POSIX sh: [ ] for [[ ]], `.` for source, `name() (...)` for functions.',
    check: (recipe) =>
      stages(recipe).flatMap(({ script }) => {
        if (script === undefined) return [];
        return BASHISMS.flatMap(([pattern, name]) => {
          const found = pattern.exec(script.text);
          return found === null ? [] : [{ keys: script.keys, index: found.index, problem: `sh has no ${name}` }];
        });
      }),
  },
  {
    id: 'telemetry',
    nuclei: 'both',
    severity: 'error',
    explanation:
      'ONNX Runtime has telemetry, and reads this variable once, as it is loaded. Nothing leaves a device unasked.',
    mend: `Write \`export ${TELEMETRY}=1\` at the top of the script.`,
    check: (recipe) =>
      stages(recipe).flatMap((stage) => {
        const { script, environment } = stage;
        const index = script?.text.search(LOADS_MODELS) ?? -1;
        if (script === undefined || index < 0 || script.text.includes(`${TELEMETRY}=1`)) return [];
        if (environment.some(({ name, value }) => name === TELEMETRY && String(value) === '1')) return [];
        return [{ keys: script.keys, index, problem: `starts a program without ${TELEMETRY}=1` }];
      }),
  },
  {
    id: 'startup-notify',
    nuclei: 'lite',
    severity: 'error',
    // lite, recipe2unit: Type=notify; recipe-runner adds a systemd-notify of its own, which comes too late on systemd 252.
    explanation:
      'Nucleus lite waits for READY of a startup. Its own, behind the script, does not get through on Debian 12, so the deployment fails.',
    mend: 'End the script with `if COMMAND; then if [ -n "$NOTIFY_SOCKET" ]; then systemd-notify --ready; fi; exit 0; fi; exit 1`.',
    check: (recipe) =>
      stages(recipe).flatMap((stage) => {
        const { name, script, lite } = stage;
        if (!lite || name !== 'startup' || script === undefined) return [];
        const ready = /systemd-notify\s+--ready[\s\S]*?exit 0/.test(script.text);
        return ready ? [] : [spot(stage, 'does not tell systemd that it is ready, and exit then')];
      }),
  },
];

function spot({ keys, script }: Stage, problem: string): Spot {
  return { keys: script?.keys ?? keys, problem };
}
