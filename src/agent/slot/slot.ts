import type { AlarmRule } from '../../domain/agent-spec.ts';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { ModelRef } from '../../domain/rollout.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LoadedModel, ModelRunner, RunnerStats } from '../../ports/model-runner.ts';
import type { StoredModel } from '../../ports/model-store.ts';
import type { StagedPackage } from '../../ports/slot-store.ts';
import type { CanaryFigures, TestFigures, WatchFigures } from '../../rollout/figures.ts';
import type { CandidateLoaded, ModelSlot } from '../rollout/model-slot.ts';
import { contractChange } from './contract-change.ts';
import { type HeldModel, testModel } from './held-model.ts';
import { Observation } from './observation.ts';
import { Runners, type RunnersNeeds } from './runners.ts';
import { Switch } from './switch.ts';

/** `store` is undefined where the device takes no rollouts: then only `serveStored` is called. */
export type SlotNeeds = RunnersNeeds & {
  readonly alarms: () => readonly AlarmRule[];
  readonly clock: Clock;
  /** Another model answers from here on: told between two batches. */
  readonly onServing: (model: HeldModel) => void;
};

/** A runner that was asked to end gets this long to answer what it has. */
const STOP_DEADLINE_MS = 1_000;

/** One that was found bad gets none: its batch is done again by the one that comes in, and the sooner the better. */
const AT_ONCE_MS = 0;

/**
 * The models of one slot in memory. To the pipeline it is a runner like any other: it answers with the model that is
 * active. To the rollout driver it is where candidates are tried, swapped in, watched, and swapped out again.
 */
export class Slot implements ModelSlot, ModelRunner {
  readonly #needs: SlotNeeds;
  readonly #runners: Runners;
  readonly #switch: Switch;
  #candidate: HeldModel | undefined;
  #previous: HeldModel | undefined;
  /** The model that the last swap let in: by it, a repeated swap knows that it is done. */
  #swappedIn: HeldModel | undefined;
  #observation: Observation | undefined;
  /** Resolves when no mirrored run of an observation that ended is in flight. */
  #mirrorsEnded: Promise<unknown> = Promise.resolve();

  constructor(needs: SlotNeeds) {
    this.#needs = needs;
    this.#runners = new Runners(needs);
    this.#switch = new Switch({
      clock: needs.clock,
      onServing: needs.onServing,
      onAnswered: (by, ...answered) => this.#observed(by)?.answered(...answered),
      onFailed: (by, ...failed) => this.#observed(by)?.failed(...failed),
    });
  }

  // What the pipeline sees

  /** Not for a slot: its models come by `serveStored`, or by the driver. */
  start(): Promise<Result<LoadedModel>> {
    throw new Error('a slot is given its models by serve and serveStored');
  }

  get ready(): boolean {
    return this.#switch.ready;
  }

  onReady(listener: (ready: boolean) => void): () => void {
    return this.#switch.onReady(listener);
  }

  run(batch: Float32Array, count: number): Promise<Result<Float32Array>> {
    return this.#switch.run(batch, count);
  }

  stats(): RunnerStats {
    return this.#switch.stats();
  }

  /** The model that answers, or will from the next batch on. */
  get model(): HeldModel | undefined {
    return this.#switch.serving;
  }

  /** Ends every runner, those that are loading as well; calls that wait for one fail. */
  async stop(deadlineMs: number): Promise<void> {
    void this.#endObservation();
    await this.#runners.stop(deadlineMs);
    this.#switch.stop();
  }

  // What the driver sees

  /** Serves a model that was read from the configured folder. */
  async serveStored({ manifest, golden, variant, bytes }: StoredModel): Promise<Result<LoadedModel>> {
    const held = await this.#runners.load({ ref: undefined, manifest, golden, variant, bytes }, 'active');
    if (!held.ok) return held;
    await this.#replaceBy(held.value);
    return ok(held.value.loaded);
  }

  async serve(ref: ModelRef): Promise<Result<void>> {
    if (isOf(this.model, ref)) return ok(undefined);
    const held = await this.#runners.loadStaged(ref, 'active');
    if (!held.ok) return held;
    await this.#replaceBy(held.value);
    return ok(undefined);
  }

  async loadCandidate(ref: ModelRef, staged: StagedPackage): Promise<Result<CandidateLoaded>> {
    await this.dropCandidate();
    this.#swappedIn = undefined;
    const change = this.model && contractChange(this.model.manifest, staged.manifest);
    if (change !== undefined) return fail('E_MODEL_CONTRACT', change);
    const held = await this.#runners.loadStaged(ref, 'candidate', staged);
    if (!held.ok) return held;
    this.#candidate = held.value;
    return ok({ ...held.value.loaded, variant: held.value.variant });
  }

  async testCandidate(): Promise<Result<TestFigures>> {
    const candidate = this.#candidate;
    if (candidate === undefined) return fail('E_RUNNER_UNAVAILABLE', 'no candidate is loaded');
    this.stopCanary();
    await this.#mirrorsEnded;
    return testModel(candidate, this.#needs.clock);
  }

  startCanary(): void {
    if (this.#candidate !== undefined && this.model !== undefined) this.#observe('canary', this.model, this.#candidate);
  }

  canaryFigures(): CanaryFigures {
    const figures = this.#observation?.canary();
    if (figures === undefined) throw new Error('no canary is under way');
    return figures;
  }

  stopCanary(): void {
    if (this.#observation?.what === 'canary') void this.#endObservation();
  }

  async swap(): Promise<Result<void>> {
    const candidate = this.#candidate;
    if (candidate === undefined) {
      const isDone = this.#swappedIn !== undefined && this.#swappedIn === this.model;
      return isDone ? ok(undefined) : fail('E_RUNNER_UNAVAILABLE', 'no candidate is loaded');
    }
    this.stopCanary();
    await this.#mirrorsEnded;
    if (this.#candidate !== candidate || !candidate.runner.ready) {
      return fail('E_RUNNER_UNAVAILABLE', 'the candidate is not ready');
    }
    const stale = this.#previous;
    this.#previous = this.model;
    this.#candidate = undefined;
    this.#swappedIn = candidate;
    this.#switch.become(candidate);
    if (stale !== undefined) await this.#runners.end(stale, STOP_DEADLINE_MS);
    return ok(undefined);
  }

  async startWatch(active: ModelRef, previous: ModelRef | undefined): Promise<void> {
    void this.#endObservation();
    if (this.#previous?.ref?.digest !== previous?.digest) await this.dropPrevious();
    if (this.#previous === undefined && previous !== undefined) {
      const held = await this.#runners.loadStaged(previous, 'candidate');
      if (held.ok) this.#previous = held.value;
    }
    if (this.model !== undefined && isOf(this.model, active)) this.#observe('watch', this.model, this.#previous);
  }

  watchFigures(): WatchFigures {
    const figures = this.#observation?.watch();
    if (figures === undefined) throw new Error('nothing is watched');
    return figures;
  }

  stopWatch(): void {
    if (this.#observation?.what === 'watch') void this.#endObservation();
  }

  async rollBack(ref: ModelRef): Promise<Result<void>> {
    void this.#endObservation();
    if (!isOf(this.model, ref)) {
      const held = (await this.#warm(ref)) ?? (await this.#runners.loadStaged(ref, 'active'));
      if (!held.ok) return held;
      if (this.#previous === held.value) this.#previous = undefined;
      await this.#replaceBy(held.value);
    }
    await this.dropCandidate();
    await this.dropPrevious();
    return ok(undefined);
  }

  async silence(): Promise<void> {
    const before = this.model;
    void this.#endObservation();
    this.#switch.leave();
    if (before !== undefined) await this.#runners.end(before, AT_ONCE_MS);
  }

  async dropCandidate(): Promise<void> {
    const candidate = this.#candidate;
    if (candidate === undefined) return;
    this.#candidate = undefined;
    this.stopCanary();
    await this.#runners.end(candidate, STOP_DEADLINE_MS);
  }

  async dropPrevious(): Promise<void> {
    const previous = this.#previous;
    if (previous === undefined) return;
    this.#previous = undefined;
    this.stopWatch();
    await this.#runners.end(previous, STOP_DEADLINE_MS);
  }

  // How it does so

  /** The previous model, where it is `ref` and can answer; its mirrored run comes to its end first. */
  async #warm(ref: ModelRef): Promise<Result<HeldModel> | undefined> {
    if (!isOf(this.#previous, ref)) return undefined;
    await this.#mirrorsEnded;
    return this.#previous?.runner.ready === true ? ok(this.#previous) : undefined;
  }

  /** What answered until now is ended, the batch that it works on is done again. */
  async #replaceBy(held: HeldModel): Promise<void> {
    const before = this.model;
    void this.#endObservation();
    this.#switch.become(held);
    if (before !== undefined) await this.#runners.end(before, AT_ONCE_MS);
  }

  #observe(what: 'canary' | 'watch', live: HeldModel, beside: HeldModel | undefined): void {
    const after = this.#endObservation();
    const { clock, alarms } = this.#needs;
    this.#observation = new Observation({ what, live, beside, after, alarms: alarms(), clock });
  }

  #observed(model: HeldModel): Observation | undefined {
    return this.#observation?.watched === model ? this.#observation : undefined;
  }

  /** Resolves when no mirrored run is in flight: only then is the runner beside free for other runs. */
  #endObservation(): Promise<unknown> {
    const ended = this.#observation;
    this.#observation = undefined;
    if (ended !== undefined) this.#mirrorsEnded = Promise.all([this.#mirrorsEnded, ended.stop()]);
    return this.#mirrorsEnded;
  }
}

function isOf(model: HeldModel | undefined, ref: ModelRef): boolean {
  return model?.ref?.digest === ref.digest;
}
