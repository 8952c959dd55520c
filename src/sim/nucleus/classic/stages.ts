import { access, mkdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Device } from '../device.ts';
import { sameJson } from '../json.ts';
import type { Lifecycle, Recipe, Stage, StageName } from '../recipe.ts';
import { Refused } from '../refused.ts';
import type { JsonValue } from '../services.ts';
import type { RunningStage } from '../stage-runner.ts';
import { resolveClassic, type VariableScope } from '../variables.ts';

/** Puts values in the place of variables, once, when a component is deployed (KernelConfigResolver). */
export function resolveLifecycle({ lifecycle }: Recipe, scope: VariableScope): Lifecycle {
  const text = (value: string) => resolveClassic(value, scope);
  const texts = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, text(value)]));
  const stages: Partial<Record<StageName, Stage>> = {};
  for (const [name, stage] of Object.entries(lifecycle.stages)) {
    const { script, skipIf, setenv } = stage;
    stages[name as StageName] = {
      ...stage,
      script: text(script),
      setenv: texts(setenv),
      skipIf: skipIf === undefined ? undefined : text(skipIf),
    };
  }
  return { setenv: texts(lifecycle.setenv), stages };
}

/** What a changed life cycle asks for: all stages again, only from startup on, or nothing (shutdown is read when it is due). */
export function askedBy(before: Lifecycle | undefined, after: Lifecycle): 'reinstall' | 'restart' | 'nothing' {
  const same = (name: StageName) => sameJson(asJson(before?.stages[name]), asJson(after.stages[name]));
  if (!same('install')) return 'reinstall';
  const isSame = (['startup', 'run', 'recover', 'bootstrap', 'uninstall'] as const).every(same);
  return isSame && sameJson(asJson(before?.setenv), asJson(after.setenv)) ? 'nothing' : 'restart';
}

function asJson(value: unknown): JsonValue {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}

/** Starts a stage as a process; undefined: there is none, or it is skipped. */
export async function launchStage(
  device: Device,
  component: string,
  name: StageName,
  state: () => string,
): Promise<RunningStage | undefined> {
  const { components, layout, log, environment, run, time } = device;
  const lifecycle = components.get(component)?.lifecycle;
  const stage = lifecycle?.stages[name];
  if (lifecycle === undefined || stage === undefined || stage.script.trim() === '') return undefined;
  const env = { ...environment(component), ...lifecycle.setenv, ...stage.setenv };
  if (stage.skipIf !== undefined && (await isSkipped(stage.skipIf, env['PATH'] ?? ''))) return undefined;
  await mkdir(layout.work(component), { recursive: true });
  const launch = { command: 'sh', args: ['-c', stage.script], cwd: layout.work(component), env };
  return run(launch, log(component), (line, stream) => {
    const head = `${new Date(time.now()).toISOString()} [${stream === 'stdout' ? 'INFO' : 'WARN'}] (Copier) ${component}`;
    const tail = `scriptName=services.${component}.lifecycle.${name}.script, serviceName=${component}, currentState=${state()}`;
    return `${head}: ${stream}. ${line.trim()}. {${tail}}`;
  });
}

/** `onpath X` and `exists X`, turned round by a leading !. */
async function isSkipped(written: string, path: string): Promise<boolean> {
  const match = /^(!?)\s*(onpath|exists)\s+(.+)$/.exec(written.trim());
  const [, not, operator, what = ''] = match ?? [];
  if (operator === undefined) throw new Refused(`SkipIf is neither onpath nor exists: ${written}`);
  const places = operator === 'exists' ? [what] : path.split(delimiter).map((folder) => join(folder, what));
  const isThere = await Promise.all(
    places.map((place) =>
      access(place).then(
        () => true,
        () => false,
      ),
    ),
  );
  return isThere.includes(true) !== (not === '!');
}
