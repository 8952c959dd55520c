import type { AlarmRule } from '../../domain/agent-spec.ts';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { Manifest } from '../../domain/manifest.ts';
import type { ModelRef } from '../../domain/rollout.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LoadedModel, ModelRunner, RunnerStats } from '../../ports/model-runner.ts';
import type { StoredModel } from '../../ports/model-store.ts';
import type { SlotStore, StagedPackage } from '../../ports/slot-store.ts';
import type { CanaryFigures, TestFigures, WatchFigures } from '../../rollout/figures.ts';
import type { CandidateLoaded, ModelSlot } from '../rollout/model-slot.ts';
import { type HeldModel, testModel } from './held-model.ts';
import { Observation } from './observation.ts';

export type SlotNeeds = {
  readonly name: string;
  /** Undefined where the device takes no rollouts: then only `serveStored` is called. */
  readonly store: SlotStore | undefined;
  /** The variant to load where a package has it; else its own first choice. */
  readonly variant: string | undefined;
  /** A new runner with the agent's isolation and limits; `use` tells its processes apart in logs. */
  readonly makeRunner: (use: 'active' | 'candidate') => ModelRunner;
  readonly alarms: () => readonly AlarmRule[];
  readonly clock: Clock;
  /** Another model answers from here on: told between two batches. */
  readonly onServing: (model: HeldModel) => void;
};

/** A runner that was asked to end gets this long to answer what it has. */
const STOP_DEADLINE_MS = 1_000;

const NOTHING_RUNS: RunnerStats = {
  state: 'stopped',
  restarts: 0,
  lastFailure: undefined,
  rssBytes: 0,
  pid: undefined,
  cpuMs: 0,
};

/**
 * The models of one slot in memory. To the pipeline it is a runner like any other: it answers with the model that is
 * active. To the rollout driver it is where candidates are tried, swapped in, watched, and swapped out again.
 *
 * A swap turns a pointer at the beginning of the next run, so it lies between two batches: no window is lost, none is
 * answered twice. A run that fails because its model is on the way out is done again by the one that comes in.
 */
export class Slot implements ModelSlot, ModelRunner {
  readonly #needs: SlotNeeds;
  readonly #listeners = new Set<(ready: boolean) => void>();
  #active: HeldModel | undefined;
  /** Answers from the next run on. */
  #next: HeldModel | undefined;
  #candidate: HeldModel | undefined;
  #previous: HeldModel | undefined;
  #observation: Observation | undefined;
  #observing: 'canary' | 'watch' | undefined;
  /** Restarts of the runners that are no longer held. */
  #restartsOfEnded = 0;

  constructor(needs: SlotNeeds) {
    this.#needs = needs;
  }

  // What the pipeline sees

  /** Not for a slot: its models come by `serveStored`, or by the driver. */
  start(): Promise<Result<LoadedModel>> {
    throw new Error('a slot is given its models by serve and serveStored');
  }

  get ready(): boolean {
    return this.#serving?.runner.ready ?? false;
  }

  onReady(listener: (ready: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async run(batch: Float32Array, count: number): Promise<Result<Float32Array>> {
    const first = this.#turn();
    if (first === undefined) return fail('E_RUNNER_UNAVAILABLE', 'no model is loaded');
    const answered = await this.#runOn(first, batch, count);
    if (answered.ok || this.#next === undefined) return answered;
    const second = this.#turn();
    return second === undefined ? answered : this.#runOn(second, batch, count);
  }

  stats(): RunnerStats {
    const stats = this.#serving?.runner.stats() ?? NOTHING_RUNS;
    return { ...stats, restarts: stats.restarts + this.#restartsOfEnded };
  }

  /** The model that answers, or will from the next batch on. */
  get model(): HeldModel | undefined {
    return this.#serving;
  }

  async stop(deadlineMs: number): Promise<void> {
    void this.#endObservation();
    const held = [this.#active, this.#next, this.#candidate, this.#previous].filter((one) => one !== undefined);
    await Promise.all([...new Set(held)].map(({ runner }) => runner.stop(deadlineMs)));
  }

  // What the driver sees

  /** Serves a model that was read from the configured folder. */
  async serveStored({ manifest, golden, variant, bytes }: StoredModel): Promise<Result<LoadedModel>> {
    const held = await this.#load({ ref: undefined, manifest, golden, variant, bytes }, 'active');
    if (!held.ok) return held;
    this.#become(held.value);
    return ok(held.value.loaded);
  }

  async serve(ref: ModelRef): Promise<Result<void>> {
    const held = await this.#loadStaged(ref, undefined, 'active');
    if (!held.ok) return held;
    this.#become(held.value);
    return ok(undefined);
  }

  async loadCandidate(ref: ModelRef, staged: StagedPackage): Promise<Result<CandidateLoaded>> {
    await this.dropCandidate();
    const problem = this.#active && contractChange(this.#active.manifest, staged.manifest);
    if (problem !== undefined) return fail('E_MODEL_CONTRACT', problem);
    const held = await this.#loadStaged(ref, staged, 'candidate');
    if (!held.ok) return held;
    this.#candidate = held.value;
    return ok({ ...held.value.loaded, variant: held.value.variant });
  }

  async testCandidate(): Promise<Result<TestFigures>> {
    if (this.#candidate === undefined) return fail('E_RUNNER_UNAVAILABLE', 'no candidate is loaded');
    return testModel(this.#candidate, this.#needs.clock);
  }

  startCanary(): void {
    if (this.#candidate !== undefined && this.#active !== undefined) {
      this.#observe('canary', this.#active, this.#candidate);
    }
  }

  canaryFigures(): CanaryFigures {
    if (this.#observation === undefined) throw new Error('no canary is under way');
    return this.#observation.canary();
  }

  stopCanary(): void {
    if (this.#observing === 'canary') void this.#endObservation();
  }

  async swap(): Promise<Result<void>> {
    if (this.#candidate === undefined) {
      return this.#serving?.ref === undefined ? fail('E_RUNNER_UNAVAILABLE', 'no candidate is loaded') : ok(undefined);
    }
    await this.#endObservation();
    const candidate = this.#candidate;
    if (!candidate.runner.ready) return fail('E_RUNNER_UNAVAILABLE', 'the candidate is not ready');
    this.#previous = this.#serving;
    this.#candidate = undefined;
    this.#become(candidate);
    return ok(undefined);
  }

  async startWatch(active: ModelRef, previous: ModelRef | undefined): Promise<void> {
    if (this.#previous === undefined && previous !== undefined) {
      const held = await this.#loadStaged(previous, undefined, 'candidate');
      if (held.ok) this.#previous = held.value;
    }
    const serving = this.#serving;
    if (serving === undefined || serving.ref?.digest !== active.digest) return;
    this.#observe('watch', serving, this.#previous);
  }

  watchFigures(): WatchFigures {
    if (this.#observation === undefined) throw new Error('nothing is watched');
    return this.#observation.watch();
  }

  stopWatch(): void {
    if (this.#observing === 'watch') void this.#endObservation();
  }

  async rollBack(ref: ModelRef): Promise<Result<void>> {
    const free = this.#endObservation();
    if (this.#serving?.ref?.digest !== ref.digest) {
      const warm =
        this.#previous?.ref?.digest === ref.digest && this.#previous.runner.ready ? this.#previous : undefined;
      if (warm !== undefined) await free;
      const held = warm === undefined ? await this.#loadStaged(ref, undefined, 'active') : ok(warm);
      if (!held.ok) return held;
      const bad = this.#serving;
      if (this.#previous === held.value) this.#previous = undefined;
      this.#become(held.value);
      // A model that hangs would hold its last batch until the deadline: it is ended now, and the batch is done again.
      if (bad !== undefined) await this.#end(bad);
    }
    await this.dropCandidate();
    await this.dropPrevious();
    return ok(undefined);
  }

  async dropCandidate(): Promise<void> {
    const candidate = this.#candidate;
    this.#candidate = undefined;
    if (this.#observing === 'canary') void this.#endObservation();
    if (candidate !== undefined) await this.#end(candidate);
  }

  async dropPrevious(): Promise<void> {
    const previous = this.#previous;
    this.#previous = undefined;
    if (this.#observing === 'watch') void this.#endObservation();
    if (previous !== undefined) await this.#end(previous);
  }

  // How it does so

  get #serving(): HeldModel | undefined {
    return this.#next ?? this.#active;
  }

  /** Lets a model answer from the next run on, and wakes the pipeline for it. */
  #become(held: HeldModel): void {
    this.#next = held;
    held.runner.onReady((ready) => {
      if (this.#serving === held) for (const listener of this.#listeners) listener(ready);
    });
    for (const listener of this.#listeners) listener(held.runner.ready);
  }

  /** Between two batches: takes up the model that was to come next. */
  #turn(): HeldModel | undefined {
    if (this.#next !== undefined) {
      this.#active = this.#next;
      this.#next = undefined;
      this.#needs.onServing(this.#active);
    }
    return this.#active;
  }

  async #runOn(held: HeldModel, batch: Float32Array, count: number): Promise<Result<Float32Array>> {
    const { clock } = this.#needs;
    const startedMs = clock.monotonic();
    const answered = await held.runner.run(batch, count);
    const observed = this.#observation?.watched === held ? this.#observation : undefined;
    if (answered.ok) observed?.answered(batch, answered.value, count, clock.monotonic() - startedMs);
    else observed?.failed(count, answered.error);
    return answered;
  }

  #observe(what: 'canary' | 'watch', live: HeldModel, beside: HeldModel | undefined): void {
    void this.#endObservation();
    const { clock, alarms } = this.#needs;
    this.#observation = new Observation({
      live,
      beside,
      alarms: alarms(),
      clock,
      newest: what === 'canary' ? 'beside' : 'live',
    });
    this.#observing = what;
  }

  /** Resolves when the runner beside is free again. */
  async #endObservation(): Promise<void> {
    const ended = this.#observation;
    this.#observation = undefined;
    this.#observing = undefined;
    await ended?.stop();
  }

  async #loadStaged(
    ref: ModelRef,
    known: StagedPackage | undefined,
    use: 'active' | 'candidate',
  ): Promise<Result<HeldModel>> {
    const { store, name } = this.#needs;
    if (store === undefined) return fail('E_INTERNAL', `slot ${name} has no store`);
    const staged = known === undefined ? await store.open(name, ref) : ok(known);
    if (!staged.ok) return staged;
    const { manifest, golden } = staged.value;
    const wanted = manifest.variants.some(({ id }) => id === this.#needs.variant) ? this.#needs.variant : undefined;
    const read = await store.read(name, ref, wanted);
    if (!read.ok) return read;
    return this.#load({ ref, manifest, golden, ...read.value }, use);
  }

  async #load(
    { bytes, ...model }: Omit<HeldModel, 'runner' | 'loaded'> & { bytes: Uint8Array },
    use: 'active' | 'candidate',
  ) {
    const { name, version, input, output } = model.manifest;
    const runner = this.#needs.makeRunner(use);
    const loaded = await runner.start({ label: `${name}@${version}/${model.variant}`, bytes, input, output });
    return loaded.ok ? ok<HeldModel>({ ...model, runner, loaded: loaded.value }) : loaded;
  }

  async #end({ runner }: HeldModel): Promise<void> {
    this.#restartsOfEnded += runner.stats().restarts;
    await runner.stop(STOP_DEADLINE_MS);
  }
}

/** What must stay the same for windows, decisions and comparison to carry over; undefined when all of it does. */
function contractChange(now: Manifest, next: Manifest): string | undefined {
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
  if (now.name !== next.name) return `the slot holds ${now.name}, the package is ${next.name}`;
  if (now.task !== next.task) return `the task changes from ${now.task} to ${next.task}`;
  const { window, hop, channels } = now.input;
  if (next.input.window !== window || next.input.hop !== hop) return 'the window or its hop changes';
  if (!same(next.input.channels, channels)) return 'the channels change';
  if (!same(next.output.labels, now.output.labels)) return 'the labels change';
  return undefined;
}
