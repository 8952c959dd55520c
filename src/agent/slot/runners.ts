import { fail, ok, type Result } from '../../domain/errors.ts';
import type { ModelRef } from '../../domain/rollout.ts';
import type { ModelRunner } from '../../ports/model-runner.ts';
import type { SlotStore, StagedPackage } from '../../ports/slot-store.ts';
import type { HeldModel } from './held-model.ts';

export type RunnersNeeds = {
  /** Name of the slot in the store. */
  readonly name: string;
  readonly store: SlotStore | undefined;
  /** The variant to load where a package has it; else its own first choice. */
  readonly variant: string | undefined;
  /** A new runner with the agent's isolation and limits; `use` tells its processes apart in logs. */
  readonly makeRunner: (use: 'active' | 'candidate') => ModelRunner;
};

type Unloaded = Omit<HeldModel, 'runner' | 'loaded'> & { readonly bytes: Uint8Array };

/** Loads the models of a slot, each in a runner of its own, and ends them. No runner is forgotten, not even one that is loading. */
export class Runners {
  readonly #needs: RunnersNeeds;
  /** Every runner from its making until it has ended. */
  readonly #alive = new Set<ModelRunner>();
  #stopped = false;

  constructor(needs: RunnersNeeds) {
    this.#needs = needs;
  }

  /** Loads a model from the store. `known`: the package, where it has been opened already. */
  async loadStaged(ref: ModelRef, use: 'active' | 'candidate', known?: StagedPackage): Promise<Result<HeldModel>> {
    const { store, name, variant } = this.#needs;
    if (store === undefined) return fail('E_INTERNAL', `slot ${name} has no store`);
    const staged = known === undefined ? await store.open(name, ref) : ok(known);
    if (!staged.ok) return staged;
    const { manifest, golden } = staged.value;
    const wanted = manifest.variants.some(({ id }) => id === variant) ? variant : undefined;
    const read = await store.read(name, ref, wanted);
    if (!read.ok) return read;
    return this.load({ ref, manifest, golden, ...read.value }, use);
  }

  async load({ bytes, ...model }: Unloaded, use: 'active' | 'candidate'): Promise<Result<HeldModel>> {
    if (this.#stopped) return STOPPED;
    const { name, version, input, output } = model.manifest;
    const runner = this.#needs.makeRunner(use);
    this.#alive.add(runner);
    const loaded = await runner.start({ label: `${name}@${version}/${model.variant}`, bytes, input, output });
    if (loaded.ok && !this.#stopped) return ok({ ...model, runner, loaded: loaded.value });
    await runner.stop(0);
    this.#alive.delete(runner);
    return loaded.ok ? STOPPED : loaded;
  }

  /** Ends one; a run in flight may take `deadlineMs` more. */
  async end({ runner }: HeldModel, deadlineMs: number): Promise<void> {
    await runner.stop(deadlineMs);
    this.#alive.delete(runner);
  }

  /** Ends all, and lets no other start. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#alive].map((runner) => runner.stop(deadlineMs)));
    this.#alive.clear();
  }
}

const STOPPED = fail('E_RUNNER_UNAVAILABLE', 'the slot is stopped');
