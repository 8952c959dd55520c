import { fileMode, type Who } from './file-mode.ts';
import { isObject, type JsonObject } from './json.ts';
import {
  type Artifact,
  type Dependency,
  type Lifecycle,
  type Machine,
  type Recipe,
  STAGES,
  type Stage,
  type StageName,
} from './recipe.ts';
import { Refused } from './refused.ts';
import type { JsonValue } from './services.ts';
import { isVersion } from './versions.ts';

/** Reads keys in any case, as Jackson is told to there; keys of the default configuration stay as they are. */
export function readClassicRecipe(document: JsonObject, machine: Machine): Recipe {
  const format = text(pick(document, 'RecipeFormatVersion'));
  if (format !== '2020-01-25') throw new Refused(`RecipeFormatVersion ${format} is not supported`);
  const name = text(pick(document, 'ComponentName'));
  const version = text(pick(document, 'ComponentVersion'));
  if (!isVersion(version)) throw new Refused(`ComponentVersion ${version} is no semantic version`);
  const configuration = pick(document, 'ComponentConfiguration');
  const defaults = isObject(configuration) ? pick(configuration, 'DefaultConfiguration') : undefined;
  if (pick(document, 'Lifecycle') !== undefined) {
    throw new Refused('the simulator reads the Lifecycle of manifests only, not one of the whole recipe');
  }
  const manifest = chooseManifest(pick(document, 'Manifests'), machine);
  return {
    name,
    version,
    dependencies: readDependencies(pick(document, 'ComponentDependencies')),
    defaults: isObject(defaults) ? defaults : {},
    lifecycle: readLifecycle(pick(manifest, 'Lifecycle')),
    artifacts: list(pick(manifest, 'Artifacts')).map(readArtifact),
    warnings: [],
  };
}

function chooseManifest(manifests: JsonValue | undefined, machine: Machine): JsonObject {
  const all = list(manifests).filter(isObject);
  const chosen = all.find((manifest) => {
    const platform = pick(manifest, 'Platform');
    return !isObject(platform) || Object.entries(platform).every(([key, value]) => fits(key, text(value), machine));
  });
  if (chosen !== undefined) return chosen;
  throw new Refused(`no manifest of the recipe is for linux on ${machine.architecture} and the classic nucleus`);
}

function fits(key: string, wanted: string, machine: Machine): boolean {
  const here: Record<string, readonly string[]> = {
    os: ['linux', 'all'],
    architecture: [machine.architecture],
    runtime: ['aws_nucleus_classic'],
  };
  const values = here[key.toLowerCase()];
  if (wanted === '*') return true;
  const pattern = /^\/(.*)\/$/.exec(wanted)?.[1];
  if (pattern !== undefined) return values?.some((value) => new RegExp(`^(?:${pattern})$`).test(value)) ?? false;
  return values?.includes(wanted) ?? false;
}

function readDependencies(value: JsonValue | undefined): Record<string, Dependency> {
  const dependencies: Record<string, Dependency> = {};
  for (const [name, entry] of Object.entries(isObject(value) ? value : {})) {
    if (!isObject(entry)) throw new Refused(`the dependency ${name} is no map`);
    const type = text(pick(entry, 'DependencyType') ?? 'HARD').toUpperCase();
    dependencies[name] = {
      requirement: text(pick(entry, 'VersionRequirement') ?? '*'),
      type: type === 'SOFT' ? 'SOFT' : 'HARD',
    };
  }
  return dependencies;
}

function readLifecycle(value: JsonValue | undefined): Lifecycle {
  const lifecycle = isObject(value) ? value : {};
  const stages: Partial<Record<StageName, Stage>> = {};
  for (const name of STAGES) {
    const stage = pick(lifecycle, name);
    if (stage === undefined || stage === null) continue;
    stages[name] = readStage(name, stage);
  }
  return { setenv: readSetenv(pick(lifecycle, 'Setenv')), stages };
}

function readStage(name: string, stage: JsonValue): Stage {
  if (!isObject(stage)) return { script: text(stage), timeoutSec: undefined, setenv: {}, skipIf: undefined };
  const script = pick(stage, 'Script');
  if (script === undefined) throw new Refused(`the stage ${name} has no Script`);
  const timeout = pick(stage, 'Timeout');
  const skipIf = pick(stage, 'SkipIf');
  return {
    script: text(script),
    timeoutSec: timeout === undefined ? undefined : Number(timeout),
    setenv: readSetenv(pick(stage, 'Setenv')),
    skipIf: skipIf === undefined ? undefined : text(skipIf),
  };
}

function readSetenv(value: JsonValue | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(isObject(value) ? value : {}).map(([key, item]) => [key, text(item)]));
}

function readArtifact(value: JsonValue): Artifact {
  if (!isObject(value)) throw new Refused('an artifact is no map');
  const uri = pick(value, 'Uri');
  if (uri === undefined) throw new Refused('an artifact has no Uri');
  const permission = pick(value, 'Permission');
  const digest = pick(value, 'Digest');
  const algorithm = pick(value, 'Algorithm');
  return {
    uri: text(uri),
    unarchive: text(pick(value, 'Unarchive') ?? 'NONE').toUpperCase() === 'ZIP' ? 'ZIP' : 'NONE',
    digest: digest === undefined ? undefined : text(digest),
    algorithm: algorithm === undefined ? undefined : text(algorithm),
    mode: fileMode(
      who(isObject(permission) ? pick(permission, 'Read') : undefined, 'OWNER'),
      who(isObject(permission) ? pick(permission, 'Execute') : undefined, 'NONE'),
    ),
  };
}

function who(value: JsonValue | undefined, otherwise: Who): Who {
  const word = text(value ?? otherwise).toUpperCase();
  if (word === 'NONE' || word === 'OWNER' || word === 'ALL') return word;
  throw new Refused(`the permission ${word} is none of NONE, OWNER, ALL`);
}

function pick(map: JsonObject, key: string): JsonValue | undefined {
  const found = Object.keys(map).find((name) => name.toLowerCase() === key.toLowerCase());
  return found === undefined ? undefined : map[found];
}

function list(value: JsonValue | undefined): readonly JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function text(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value);
}
