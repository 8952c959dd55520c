import type { KeyPath, Recipe } from './recipe.ts';
import { STAGES } from './recipe-keys.ts';

export type Mapping = Readonly<Record<string, unknown>>;

export function mapping(value: unknown): Mapping | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Takes what is at a path; undefined where the path ends before. */
export function at(value: unknown, ...keys: KeyPath): unknown {
  return keys.reduce<unknown>((inside, key) => (inside as Mapping | undefined)?.[key], value);
}

export function nameOf(recipe: Recipe): string {
  return String(at(recipe.value, 'ComponentName') ?? '');
}

export type Manifest = {
  readonly keys: KeyPath;
  readonly value: Mapping;
  readonly platform: Mapping;
  /** Nucleus lite takes it, or would if `runtime` were not forgotten. */
  readonly lite: boolean;
};

const LITE_RUNTIMES: readonly unknown[] = ['*', 'aws_nucleus_lite'];

/** The manifests for Linux; one without `runtime` is for classic on purpose where another is for lite. */
export function manifests(recipe: Recipe): Manifest[] {
  const all = list(at(recipe.value, 'Manifests'))
    .map((value, index) => ({ keys: ['Manifests', index], value: mapping(value) ?? {} }))
    .map((manifest) => ({ ...manifest, platform: mapping(manifest.value['Platform']) ?? {} }))
    .filter(({ platform }) => !['windows', 'darwin'].includes(String(platform['os'])));
  const someForLite = all.some(({ platform }) => LITE_RUNTIMES.includes(platform['runtime']));
  return all.map((manifest) => {
    const { runtime } = manifest.platform as { runtime?: unknown };
    return { ...manifest, lite: runtime === undefined ? !someForLite : LITE_RUNTIMES.includes(runtime) };
  });
}

export type Lifecycle = { readonly keys: KeyPath; readonly value: Mapping; readonly lite: boolean };

/** Each place where stages stand: in manifests, or once for all with selections. */
export function lifecycles(recipe: Recipe): Lifecycle[] {
  const inManifests = manifests(recipe).flatMap(({ keys, value, lite }): Lifecycle[] => {
    const lifecycle = mapping(value['Lifecycle']);
    return lifecycle === undefined ? [] : [{ keys: [...keys, 'Lifecycle'], value: lifecycle, lite }];
  });
  const common = mapping(at(recipe.value, 'Lifecycle')) ?? {};
  if (hasStages(common)) return [...inManifests, { keys: ['Lifecycle'], value: common, lite: true }];
  const selected = Object.entries(common).flatMap(([selection, value]): Lifecycle[] => {
    const lifecycle = mapping(value);
    return lifecycle === undefined ? [] : [{ keys: ['Lifecycle', selection], value: lifecycle, lite: true }];
  });
  return [...inManifests, ...selected];
}

function hasStages(lifecycle: Mapping): boolean {
  return STAGES.some((stage) => stage in lifecycle);
}

export type Stage = {
  readonly keys: KeyPath;
  readonly name: string;
  readonly script: { readonly keys: KeyPath; readonly text: string } | undefined;
  /** Of the stage, and of the lifecycle around it. */
  readonly environment: readonly { readonly keys: KeyPath; readonly name: string; readonly value: unknown }[];
  readonly settings: Mapping;
  readonly lite: boolean;
};

/** Every stage of every lifecycle; a stage may be nothing but its script. */
export function stages(recipe: Recipe): Stage[] {
  return lifecycles(recipe).flatMap(({ keys: around, value, lite }) =>
    STAGES.filter((name) => name in value).map((name): Stage => {
      const keys = [...around, name];
      const settings = mapping(value[name]) ?? {};
      const short = typeof value[name] === 'string';
      const text = short ? value[name] : settings['Script'];
      return {
        keys,
        name,
        script: typeof text === 'string' ? { keys: short ? keys : [...keys, 'Script'], text } : undefined,
        environment: [...variables(value, around), ...variables(settings, keys)],
        settings,
        lite,
      };
    }),
  );
}

function variables(around: Mapping, keys: KeyPath): Stage['environment'] {
  const names = Object.entries(mapping(around['Setenv']) ?? {});
  return names.map(([name, value]) => ({ keys: [...keys, 'Setenv', name], name, value }));
}

/** A component that brings a model: its startup has the agent roll it out. */
export function isModel(recipe: Recipe): boolean {
  return (
    /\.model\./.test(nameOf(recipe)) || stages(recipe).some(({ script }) => /model activate/.test(script?.text ?? ''))
  );
}

export type Policy = {
  readonly keys: KeyPath;
  readonly service: string;
  readonly id: string;
  readonly operations: unknown;
  readonly resources: unknown;
};

export const ACCESS_CONTROL = ['ComponentConfiguration', 'DefaultConfiguration', 'accessControl'] as const;

/** The policies of accessControl, of all services. */
export function policies(recipe: Recipe): Policy[] {
  const services = Object.entries(mapping(at(recipe.value, ...ACCESS_CONTROL)) ?? {});
  return services.flatMap(([service, ids]) =>
    Object.entries(mapping(ids) ?? {}).map(([id, policy]) => {
      const keys = [...ACCESS_CONTROL, service, id];
      return { keys, service, id, operations: at(policy, 'operations'), resources: at(policy, 'resources') };
    }),
  );
}
