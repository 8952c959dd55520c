import type { Device } from '../device.ts';
import type { SavedComponent } from '../saved-state.ts';
import { Service } from './service.ts';
import { askedBy, launchStage } from './stages.ts';

/** The services of all components, and what they mean to each other. */
export class Services {
  readonly #device: Device;
  readonly #all = new Map<string, Service>();
  /** Component -> those it depends on hard. */
  readonly #needs = new Map<string, ReadonlySet<string>>();

  constructor(device: Device) {
    this.#device = device;
  }

  get(name: string): Service | undefined {
    return this.#all.get(name);
  }

  /** Makes services for new components, and reads all dependencies anew. Nothing starts. */
  async bind(): Promise<void> {
    const { components, store } = this.#device;
    for (const [name, { version, isProvided }] of components) {
      if (isProvided === true) continue;
      const recipe = await store.recipes.read(name, version);
      const hard = Object.entries(recipe.dependencies).filter(([, { type }]) => type === 'HARD');
      this.#needs.set(name, new Set(hard.map(([other]) => other)));
      if (!this.#all.has(name)) this.#all.set(name, this.#make(name));
    }
  }

  /** Starts, restarts and reinstalls what a deployment has changed. */
  change(before: ReadonlyMap<string, SavedComponent>, after: ReadonlyMap<string, SavedComponent>): void {
    for (const [name, component] of after) {
      const service = this.#all.get(name);
      const old = before.get(name);
      if (service === undefined || component.lifecycle === undefined) continue;
      const asked = old?.version === component.version ? askedBy(old.lifecycle, component.lifecycle) : 'reinstall';
      if (old === undefined) service.requestStart();
      else if (asked === 'reinstall' || service.state === 'BROKEN') service.requestReinstall();
      else if (asked === 'restart') service.requestRestart();
    }
  }

  async remove(name: string): Promise<void> {
    await this.#all.get(name)?.close({ uninstall: true });
    this.#all.delete(name);
    this.#needs.delete(name);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#all.values()].map((service) => service.close({ uninstall: false })));
  }

  #make(name: string): Service {
    const { time, secondMs, tell, components } = this.#device;
    return new Service({
      time,
      secondMs,
      launch: (stage) => launchStage(this.#device, name, stage, () => this.#all.get(name)?.state ?? 'NEW'),
      timeoutSec: (stage) => components.get(name)?.lifecycle?.stages[stage]?.timeoutSec,
      isReady: () => [...(this.#needs.get(name) ?? [])].every((other) => this.#isUp(other)),
      onChange: (service) => {
        tell(name, service.state, service.reason);
        for (const [other, needs] of this.#needs) if (needs.has(name)) this.#all.get(other)?.dependencyChanged();
      },
    });
  }

  #isUp(name: string): boolean {
    // What the nucleus brings itself is always up.
    return this.#all.get(name)?.isUp ?? true;
  }
}
