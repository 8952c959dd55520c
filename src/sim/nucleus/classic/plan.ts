import { Configuration, type ConfigurationNode } from '../configuration.ts';
import { type Device, wantedBy } from '../device.ts';
import type { DeploymentDocument } from '../document.ts';
import type { Recipe } from '../recipe.ts';
import { RecipeFolder } from '../recipe-folder.ts';
import { Refused } from '../refused.ts';
import { inOrder, isProvided, resolveComponents } from '../resolve.ts';
import type { SavedComponent } from '../saved-state.ts';
import { pointerPath } from '../variables.ts';
import { resolveLifecycle } from './stages.ts';

/** What a deployment will make of the device. */
export type Plan = {
  readonly components: ReadonlyMap<string, SavedComponent>;
  readonly configuration: ReadonlyMap<string, ConfigurationNode | undefined>;
  readonly target: string;
  readonly own: Readonly<Record<string, string>>;
};

export type Snapshot = {
  readonly components: ReadonlyMap<string, SavedComponent>;
  readonly configuration: ReadonlyMap<string, ConfigurationNode | undefined>;
};

/** Finds and fetches everything, and works out the configuration; nothing of it is seen yet. */
export async function makePlan(device: Device, document: DeploymentDocument): Promise<Plan> {
  const { store, targets, components } = device;
  if (document.source === 'local') await store.addFolders(document.recipes, document.artifacts);
  const { target, own, others } = wantedBy(document, targets);
  for (const [name, version] of Object.entries(others)) {
    if (own[name] !== undefined && own[name] !== version) {
      throw new Refused(`${name} is wanted as ${version} by one deployment and as ${own[name]} by another`);
    }
  }
  const wanted = { ...others, ...own };
  const recipes = inOrder(await resolve(device, wanted, document));
  for (const recipe of recipes) {
    if (document.source === 'cloud' && document.artifacts !== undefined) {
      await store.fetchArtifacts(recipe, document.artifacts);
    } else await store.checkArtifacts(recipe);
    await store.unpackArtifacts(recipe);
  }
  const configuration = configure(device, recipes, document);
  const planned = new Map<string, SavedComponent>();
  for (const [name, version] of Object.entries(wanted)) {
    if (isProvided('classic', name)) planned.set(name, { version, isProvided: true });
  }
  const versions = Object.fromEntries(recipes.map(({ name, version }) => [name, version]));
  for (const recipe of recipes) {
    const { name, version } = recipe;
    const before = components.get(name);
    const previous = before?.version === version ? before.previous : before?.version;
    const lifecycle = resolveLifecycle(recipe, {
      layout: device.layout,
      thing: device.thing,
      name,
      version,
      configuration: (component, path) => configuration.get(component, path),
      dependencies: Object.fromEntries(
        Object.keys(recipe.dependencies).flatMap((other) =>
          versions[other] === undefined ? [] : [[other, versions[other]]],
        ),
      ),
    });
    planned.set(name, { version, ...(previous === undefined ? {} : { previous }), lifecycle });
  }
  const saved = new Map(recipes.map(({ name }) => [name, configuration.save(name)]));
  return { components: planned, configuration: saved, target, own };
}

function resolve(device: Device, wanted: Readonly<Record<string, string>>, document: DeploymentDocument) {
  const { store, machine, components } = device;
  const isCloud = document.source === 'cloud' && document.recipes !== undefined;
  const cloud = isCloud ? new RecipeFolder(document.recipes ?? '', machine) : undefined;
  return resolveComponents(wanted, {
    mode: 'classic',
    active: (name) => components.get(name)?.version,
    versions: async (name) => [...((await cloud?.versions(name)) ?? []), ...(await store.recipes.versions(name))],
    recipe: async (name, version) => {
      if (cloud !== undefined && (await cloud.has(name, version))) await store.fetchRecipe(cloud, name, version);
      return store.recipes.read(name, version);
    },
  });
}

/** The configuration as it would be: what is reset goes, defaults fill, and what is merged comes on top. */
function configure(device: Device, recipes: readonly Recipe[], document: DeploymentDocument): Configuration {
  const proposed = new Configuration('classic', () => {});
  for (const { name, defaults } of recipes) {
    proposed.restore(name, device.configuration.save(name));
    const update = document.components[name]?.configurationUpdate;
    for (const pointer of update?.reset ?? []) proposed.reset(name, pointerPath(pointer));
    proposed.fill(name, defaults);
    if (update?.merge !== undefined) proposed.merge(name, [], update.merge, device.time.now());
  }
  return proposed;
}
