import type { CandidateLoaded, ModelSlot } from '../../src/agent/rollout/model-slot.ts';
import { type Failure, fail, ok, type Result } from '../../src/domain/errors.ts';
import type { ModelRef } from '../../src/domain/rollout.ts';
import type { StagedPackage } from '../../src/ports/slot-store.ts';
import type { CanaryFigures, TestFigures, WatchFigures } from '../../src/rollout/figures.ts';
import { canaryFigures, testFigures, watchFigures } from '../fixtures/rollout/figures.ts';

/** A slot of models without models: it says what it was told to do, and shows the figures that it is given. */
export class FakeModelSlot implements ModelSlot {
  /** What was asked of it, in order. */
  readonly calls: string[] = [];
  answering: ModelRef | undefined;
  candidate: ModelRef | undefined;
  previous: ModelRef | undefined;
  /** Versions that fail to load, and how. */
  readonly broken = new Map<string, Failure>();
  /** What the next swap, or the next ways back, fail with. */
  swapFailure: Failure | undefined;
  rollBackFailures: Failure[] = [];
  test: Result<TestFigures> = ok(testFigures());
  canary: CanaryFigures = canaryFigures(0);
  watch: WatchFigures = watchFigures(0);
  mirroring = false;
  watching = false;
  /** Called at every call, before anything happens: a test pulls the plug here, or waits. */
  onCall: (call: string) => void | Promise<void> = () => {};

  async serve(ref: ModelRef): Promise<Result<void>> {
    await this.#called(`serve ${ref.version}`);
    const failed = this.broken.get(ref.version);
    if (failed !== undefined) return { ok: false, error: failed };
    this.answering = ref;
    return ok(undefined);
  }

  async loadCandidate(ref: ModelRef, _staged: StagedPackage): Promise<Result<CandidateLoaded>> {
    await this.#called(`load ${ref.version}`);
    const failed = this.broken.get(ref.version);
    if (failed !== undefined) return { ok: false, error: failed };
    this.candidate = ref;
    return ok({ provider: 'cpu', loadMs: 10, singleMs: 1, batchGain: 4, variant: 'small' });
  }

  async testCandidate(): Promise<Result<TestFigures>> {
    await this.#called('test');
    return this.test;
  }

  startCanary(): void {
    this.calls.push('start canary');
    this.mirroring = true;
  }

  canaryFigures(): CanaryFigures {
    return this.canary;
  }

  stopCanary(): void {
    this.calls.push('stop canary');
    this.mirroring = false;
  }

  async swap(): Promise<Result<void>> {
    await this.#called('swap');
    if (this.swapFailure !== undefined) return { ok: false, error: this.swapFailure };
    if (this.candidate === undefined) return fail('E_RUNNER_UNAVAILABLE');
    this.previous = this.answering;
    this.answering = this.candidate;
    this.candidate = undefined;
    return ok(undefined);
  }

  async startWatch(active: ModelRef, previous: ModelRef | undefined): Promise<void> {
    await this.#called(`watch ${active.version}`);
    this.previous = previous;
    this.watching = true;
  }

  watchFigures(): WatchFigures {
    return this.watch;
  }

  stopWatch(): void {
    this.calls.push('stop watch');
    this.watching = false;
  }

  async rollBack(ref: ModelRef): Promise<Result<void>> {
    await this.#called(`roll back to ${ref.version}`);
    const failed = this.rollBackFailures.shift();
    if (failed !== undefined) return { ok: false, error: failed };
    this.answering = ref;
    this.candidate = undefined;
    this.previous = undefined;
    return ok(undefined);
  }

  async silence(): Promise<void> {
    await this.#called('silence');
    this.answering = undefined;
  }

  async dropCandidate(): Promise<void> {
    await this.#called('drop candidate');
    this.candidate = undefined;
  }

  async dropPrevious(): Promise<void> {
    await this.#called('drop previous');
    this.previous = undefined;
  }

  async #called(call: string): Promise<void> {
    await this.onCall(call);
    this.calls.push(call);
  }
}
