import { fileMode, type Who } from './file-mode.ts';
import { isObject, type JsonObject } from './json.ts';
import type { Artifact, Dependency, Lifecycle, Machine, Recipe, Stage, StageName } from './recipe.ts';
import { Refused } from './refused.ts';
import type { JsonValue } from './services.ts';
import { isVersion } from './versions.ts';

const RUNTIMES = ['*', 'aws_nucleus_lite'];
/** Of files without a Permission. */
const DEFAULT_MODE = 0o755;
const SYSTEMS = ['linux', '*', 'all'];

/** Reads keys in the one case that lite knows (ggl-recipe, recipe2unit). */
export function readLiteRecipe(document: JsonObject, machine: Machine): Recipe {
  const name = document['ComponentName'];
  const version = document['ComponentVersion'];
  if (typeof name !== 'string') throw new Refused('the recipe has no ComponentName (keys are case sensitive on lite)');
  if (typeof version !== 'string' || !isVersion(version)) {
    throw new Refused('the recipe has no ComponentVersion that is a semantic version');
  }
  const configuration = document['ComponentConfiguration'];
  if (configuration !== undefined && !isObject(configuration)) throw new Refused('ComponentConfiguration is no map');
  const defaults = configuration?.['DefaultConfiguration'];
  const manifest = chooseManifest(document, machine);
  const warnings: string[] = [];
  return {
    name,
    version,
    dependencies: readDependencies(document['ComponentDependencies']),
    defaults: isObject(defaults) ? defaults : {},
    lifecycle: readLifecycle(manifest['Lifecycle'], warnings),
    artifacts: readArtifacts(manifest['Artifacts']),
    warnings,
  };
}

function chooseManifest(document: JsonObject, machine: Machine): JsonObject {
  const manifests = document['Manifests'];
  if (!Array.isArray(manifests))
    throw new Refused('the recipe has no list Manifests (keys are case sensitive on lite)');
  const skipped: string[] = [];
  for (const manifest of manifests) {
    if (!isObject(manifest)) throw new Refused('a manifest is no map');
    const platform = manifest['Platform'];
    if (!isObject(platform)) throw new Refused('a manifest has no Platform');
    const why = whyNot(platform, machine);
    if (why === undefined && isObject(manifest['Lifecycle']) && Object.keys(manifest['Lifecycle']).length > 0) {
      return manifest;
    }
    if (why === undefined && document['Lifecycle'] !== undefined) {
      throw new Refused('the simulator reads the Lifecycle of manifests only, not one of the whole recipe');
    }
    skipped.push(why ?? 'it has no Lifecycle (keys are case sensitive on lite)');
  }
  throw new Refused(`no manifest of the recipe is for lite on linux: ${skipped.join('; ') || 'there is none'}`);
}

function whyNot(platform: JsonObject, machine: Machine): string | undefined {
  const { runtime, os, architecture } = platform;
  if (runtime === undefined) return 'Platform.runtime is missing: such a manifest is for the classic nucleus only';
  if (typeof runtime !== 'string' || !RUNTIMES.includes(runtime)) return `it is for the runtime ${runtime}`;
  if (typeof os !== 'string' || !SYSTEMS.includes(os)) return `it is for the os ${os}`;
  const fits = architecture === undefined || architecture === '*' || architecture === machine.architecture;
  return fits ? undefined : `it is for ${architecture}`;
}

function readDependencies(value: JsonValue | undefined): Record<string, Dependency> {
  if (value === undefined) return {};
  if (!isObject(value)) throw new Refused('ComponentDependencies is no map');
  const dependencies: Record<string, Dependency> = {};
  for (const [name, entry] of Object.entries(value)) {
    if (!isObject(entry)) throw new Refused(`the dependency ${name} is no map`);
    const requirement = entry['VersionRequirement'];
    if (typeof requirement !== 'string') throw new Refused(`the dependency ${name} has no VersionRequirement`);
    // Only the word HARD in capitals makes a unit bind to another.
    dependencies[name] = { requirement, type: entry['DependencyType'] === 'HARD' ? 'HARD' : 'SOFT' };
  }
  return dependencies;
}

const IGNORED = ['shutdown', 'recover'];

function readLifecycle(value: JsonValue | undefined, warnings: string[]): Lifecycle {
  const lifecycle = isObject(value) ? value : {};
  for (const name of IGNORED) {
    if (lifecycle[name] !== undefined) warnings.push(`lite does not run the stage ${name}`);
  }
  if (lifecycle['startup'] !== undefined && lifecycle['run'] !== undefined) {
    warnings.push('lite runs startup, and not run beside it');
  }
  const stages: Partial<Record<StageName, Stage>> = {};
  for (const name of ['bootstrap', 'install', 'startup', 'run'] as const) {
    const stage = lifecycle[name];
    if (stage !== undefined) stages[name] = readStage(name, stage, warnings);
  }
  if (Object.keys(stages).length === 0) {
    throw new Refused('the recipe has no stage that lite runs (keys are case sensitive there)');
  }
  return { setenv: readSetenv(lifecycle['Setenv']), stages };
}

function readStage(name: string, stage: JsonValue, warnings: string[]): Stage {
  if (typeof stage === 'string') return { script: stage, timeoutSec: undefined, setenv: {}, skipIf: undefined };
  if (!isObject(stage)) throw new Refused(`the stage ${name} is neither a text nor a map`);
  const { Script: script, Timeout: timeout, RequiresPrivilege: privilege } = stage;
  if (typeof script !== 'string') throw new Refused(`the stage ${name} has no Script`);
  if (privilege !== undefined && ![true, false, 'true', 'false'].includes(privilege as boolean)) {
    throw new Refused(`RequiresPrivilege of ${name} is neither true nor false`);
  }
  if (Object.keys(stage).some((key) => key.toLowerCase() === 'skipif')) warnings.push(`lite ignores SkipIf of ${name}`);
  return { script, timeoutSec: readTimeout(name, timeout), setenv: readSetenv(stage['Setenv']), skipIf: undefined };
}

function readTimeout(name: string, timeout: JsonValue | undefined): number | undefined {
  if (timeout === undefined) return undefined;
  if (!/^\s*\d+$/.test(String(timeout))) throw new Refused(`the Timeout of ${name} is no whole number of seconds`);
  return Number(timeout);
}

function readSetenv(value: JsonValue | undefined): Record<string, string> {
  if (value === undefined) return {};
  if (!isObject(value)) throw new Refused('Setenv is no map');
  const setenv: Record<string, string> = {};
  for (const [key, item] of Object.entries(value)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) throw new Refused(`Setenv has the key ${key}`);
    if (typeof item !== 'string') throw new Refused(`Setenv.${key} is no text`);
    setenv[key] = item;
  }
  return setenv;
}

function readArtifacts(value: JsonValue | undefined): readonly Artifact[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new Refused('Artifacts is no list');
  return value.map((item) => {
    if (!isObject(item)) throw new Refused('an artifact is no map');
    const { Uri: uri, Unarchive: unarchive, Digest: digest, Algorithm: algorithm, Permission: permission } = item;
    if (typeof uri !== 'string') throw new Refused('an artifact has no Uri (keys are case sensitive on lite)');
    return {
      uri,
      unarchive: unarchive === 'ZIP' ? 'ZIP' : 'NONE',
      digest: typeof digest === 'string' ? digest : undefined,
      algorithm: typeof algorithm === 'string' ? algorithm : undefined,
      mode: isObject(permission)
        ? fileMode(who(permission['Read'], 'OWNER'), who(permission['Execute'], 'NONE'))
        : DEFAULT_MODE,
    };
  });
}

function who(value: JsonValue | undefined, otherwise: Who): Who {
  if (value === undefined) return otherwise;
  if (value === 'NONE' || value === 'OWNER' || value === 'ALL') return value;
  throw new Refused(`the permission ${value} is none of NONE, OWNER, ALL`);
}
