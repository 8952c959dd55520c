import { DEFAULT_AT } from '../configuration.ts';
import { type Applied, type Device, type Engine, wantedBy } from '../device.ts';
import type { DeploymentDocument } from '../document.ts';
import type { Recipe } from '../recipe.ts';
import { RecipeFolder } from '../recipe-folder.ts';
import { Refused } from '../refused.ts';
import { isProvided, resolveComponents } from '../resolve.ts';
import type { ReportedState } from '../services.ts';
import { SECONDS } from '../timing.ts';
import { pointerPath } from '../variables.ts';
import { storeAsLite } from './store-configuration.ts';
import { LiteUnits, type Phase } from './units.ts';

const DONE = ['RUNNING', 'FINISHED'];

/**
 * Nucleus lite: each stage is a unit of systemd. A deployment is applied from one step to the next, and where it fails it
 * stays: nothing is rolled back (ggdeploymentd, handle_deployment).
 */
export class LiteEngine implements Engine {
  readonly #device: Device;
  readonly #units: LiteUnits;
  readonly #waiting = new Set<() => void>();

  constructor(device: Device) {
    this.#device = device;
    this.#units = new LiteUnits(device, () => {
      for (const wake of [...this.#waiting]) wake();
    });
  }

  /** systemd starts what is enabled, by the unit files as they are. */
  async start(): Promise<void> {
    await this.#units.open();
    for (const [name, { unit }] of this.#device.components) {
      if (unit === undefined) continue;
      const recipe = await this.#device.store.recipes.read(name, unit.version).catch(() => undefined);
      if (recipe === undefined) continue;
      this.#units.load(recipe);
      if (!unit.isEnabled) continue;
      await this.#units.renew(name, 'main');
      this.#units.enable(name);
    }
    this.#units.startTarget();
  }

  async apply(_id: string, document: DeploymentDocument, signal: AbortSignal): Promise<Applied> {
    try {
      await this.#handle(document, signal);
      return { status: 'SUCCEEDED' };
    } catch (cause) {
      if (!(cause instanceof Refused) || signal.aborted) throw cause;
      return { status: 'FAILED', reason: cause.message };
    }
  }

  stateOf(component: string): string {
    if (this.#device.components.get(component)?.isProvided === true) return 'RUNNING';
    return this.#units.unit(component, 'main')?.state ?? 'INSTALLED';
  }

  /** gghealthd knows RUNNING; the others it takes and does nothing. */
  report(component: string, state: ReportedState): void {
    if (state === 'RUNNING') this.#units.unit(component, 'main')?.notify('READY=1');
  }

  restart(component: string): boolean {
    if (this.#units.unit(component, 'main') === undefined) return false;
    void this.#units.restart(component);
    return true;
  }

  async stop(): Promise<void> {
    await this.#units.stop();
  }

  async #handle(document: DeploymentDocument, signal: AbortSignal): Promise<void> {
    const { store, targets } = this.#device;
    if (document.source === 'local') await store.addFolders(document.recipes, document.artifacts);
    const { target, own, others } = wantedBy(document, targets);
    targets.set(target, own);
    await this.#device.save();
    for (const [name, version] of Object.entries(others)) {
      if (own[name] !== undefined && own[name] !== version) {
        throw new Refused(`${name} is wanted as ${version} by one deployment and as ${own[name]} by another`);
      }
    }
    const resolved = await this.#resolve({ ...others, ...own }, document);
    const changed: Recipe[] = [];
    for (const recipe of resolved.values()) if (await this.#install(recipe, document)) changed.push(recipe);
    if (changed.length > 0) await this.#runChanged(changed, signal);
    this.#units.startTarget();
    await this.#settled(signal);
    for (const { name } of resolved.values()) await this.#finished(name, 'main', signal);
    await this.#removeStale(resolved, { ...others, ...own });
  }

  #resolve(wanted: Readonly<Record<string, string>>, document: DeploymentDocument) {
    const { store, machine, components } = this.#device;
    const cloud = document.source === 'cloud' && document.recipes !== undefined;
    const from = cloud ? new RecipeFolder(document.recipes ?? '', machine) : undefined;
    return resolveComponents(wanted, {
      mode: 'lite',
      active: (name) => (DONE.includes(this.stateOf(name)) ? components.get(name)?.version : undefined),
      versions: async (name) => [...(await store.recipes.versions(name)), ...((await from?.versions(name)) ?? [])],
      recipe: async (name, version) => {
        if (from !== undefined && !(await store.recipes.has(name, version)))
          await store.fetchRecipe(from, name, version);
        return store.recipes.read(name, version);
      },
    });
  }

  /** Artifacts, version, configuration, unit files: in this order, each of them for good. True: it has to be started. */
  async #install(recipe: Recipe, document: DeploymentDocument): Promise<boolean> {
    const { name, version } = recipe;
    const { components, configuration, store, time } = this.#device;
    const before = components.get(name);
    const isNew = before?.version !== version;
    if (document.source === 'cloud' && isNew && document.artifacts !== undefined) {
      await store.fetchArtifacts(recipe, document.artifacts);
      await store.unpackArtifacts(recipe);
    }
    components.set(name, { ...before, version });
    await this.#device.save();
    const update = document.components[name]?.configurationUpdate;
    for (const pointer of update?.reset ?? []) configuration.reset(name, pointerPath(pointer));
    storeAsLite(configuration, name, recipe.defaults, DEFAULT_AT);
    if (update?.merge !== undefined) storeAsLite(configuration, name, update.merge, time.now());
    this.#units.load(recipe);
    components.set(name, { version, unit: { version, isEnabled: before?.unit?.isEnabled ?? false } });
    await this.#device.save();
    return isNew || update !== undefined || !DONE.includes(this.stateOf(name));
  }

  /** Install stages of all, while the old versions still run; then the new ones take their places. */
  async #runChanged(changed: readonly Recipe[], signal: AbortSignal): Promise<void> {
    const { components } = this.#device;
    for (const phase of ['bootstrap', 'install'] as const) {
      const begun = changed.filter(({ name }) => this.#units.has(name, phase));
      for (const { name } of begun) (await this.#units.renew(name, phase))?.start();
      await this.#settled(signal);
      for (const { name } of begun) await this.#finished(name, phase, signal);
    }
    for (const { name, version } of changed) {
      if ((await this.#units.renew(name, 'main')) === undefined) continue;
      this.#units.enable(name);
      components.set(name, { version, unit: { version, isEnabled: true } });
    }
    await this.#device.save();
  }

  async #settled(signal: AbortSignal): Promise<void> {
    const { time, secondMs } = this.#device;
    await time.sleep(SECONDS.settle * secondMs, signal);
  }

  /** Waits until a unit is RUNNING, FINISHED or BROKEN, and not longer than lite waits for one. */
  async #finished(name: string, phase: Phase, signal: AbortSignal): Promise<void> {
    const { time, secondMs } = this.#device;
    const seen = new AbortController();
    const patience = new AbortController();
    void time
      .sleep(SECONDS.wait * secondMs, AbortSignal.any([signal, seen.signal]))
      .catch(() => {})
      .then(() => patience.abort());
    const what = phase === 'main' ? name : `${phase} of ${name}`;
    try {
      for (;;) {
        const unit = this.#units.unit(name, phase);
        const state = unit?.state ?? 'INSTALLED';
        if (DONE.includes(state)) return;
        if (state === 'BROKEN') throw new Refused(`${what} is BROKEN (${unit?.reason})`);
        signal.throwIfAborted();
        if (patience.signal.aborted) throw new Refused(`${what} was ${state} for ${SECONDS.wait} s`);
        await this.#anyChange(patience.signal);
      }
    } finally {
      seen.abort();
    }
  }

  #anyChange(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  /** After a good deployment only what it wanted is kept: other versions go, and components that nobody wants. */
  async #removeStale(resolved: ReadonlyMap<string, Recipe>, wanted: Readonly<Record<string, string>>): Promise<void> {
    const { components, configuration, store } = this.#device;
    for (const name of [...components.keys()]) {
      if (resolved.has(name) || (isProvided('lite', name) && wanted[name] !== undefined)) continue;
      await this.#units.remove(name);
      components.delete(name);
      configuration.reset(name, []);
    }
    await store.removeStale((name, version) => resolved.get(name)?.version === version);
    await this.#device.save();
  }
}
