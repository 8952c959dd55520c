import { failure, ok, type Result, toFailure } from '../../domain/errors.ts';
import type { ModelRef, SlotRecord } from '../../domain/rollout.ts';
import type { Log } from '../../ports/log.ts';
import type { VerifiedPackage } from '../../ports/package-verifier.ts';
import type { SlotStore, StagedPackage } from '../../ports/slot-store.ts';
import type { Effect, RolloutEvent } from '../../rollout/events.ts';
import { keptRefs } from '../../rollout/step.ts';
import { judgeTest } from '../../rollout/verdict/judge-test.ts';
import { isDeviceFault, isPassing, onThrow, toFault, untested } from './faults.ts';
import type { ModelSlot } from './model-slot.ts';
import { atGate, runCanary, runWatch } from './trial.ts';
import { type VerifyNeeds, verify } from './verify.ts';
import { WayBack } from './way-back.ts';

export type EffectNeeds = VerifyNeeds & {
  readonly store: SlotStore;
  readonly slot: ModelSlot;
  readonly log: Log;
};

/** Does the effects of the table through the ports, one at a time, and tells the event that follows, if any. */
export class Effects {
  readonly #needs: EffectNeeds;
  readonly #wayBack: WayBack;
  #verified: VerifiedPackage | undefined;
  #opened: StagedPackage | undefined;
  #serving: Result<void> = ok(undefined);

  constructor(needs: EffectNeeds) {
    this.#needs = needs;
    this.#wayBack = new WayBack(needs);
  }

  /** How the last attempt to let the active model answer ended. */
  get serving(): Result<void> {
    return this.#serving;
  }

  /** Never rejects: what is thrown is a bug or a dead disk, and ends the rollout on the safe side. */
  async run(effect: Effect, record: SlotRecord, signal: AbortSignal): Promise<RolloutEvent | undefined> {
    try {
      return await this.#run(effect, record, signal);
    } catch (thrown) {
      if (signal.aborted) return undefined;
      const fault = toFault(toFailure(thrown));
      if (effect === 'serve') this.#serving = { ok: false, error: fault };
      this.#needs.log.error({ effect, err: thrown }, 'rollout.effectThrew');
      return onThrow(effect, fault);
    }
  }

  #run(effect: Effect, record: SlotRecord, signal: AbortSignal): Promise<RolloutEvent | undefined> {
    const { slot, store } = this.#needs;
    switch (effect) {
      case 'serve':
        return this.#serve(record);
      case 'verify':
        return this.#verify(record);
      case 'stage':
        return this.#stage(record);
      case 'test':
        return this.#test(record);
      case 'canary':
        return this.#canary(record, signal);
      case 'swap':
        return this.#swap(record);
      case 'watch':
        return this.#watch(record, signal);
      case 'rollBack':
        return this.#rollBack(record);
      case 'rollBackLater':
        return this.#rollBackLater(record, signal);
      case 'silence':
        return slot.silence().then(nothing);
      case 'dropCandidate':
        return slot.dropCandidate().then(nothing);
      case 'dropPrevious':
        return slot.dropPrevious().then(nothing);
      case 'forget':
        return store.keepOnly(record.slot, keptRefs(record)).then(nothing);
      case 'settle':
        return Promise.resolve({ type: 'settled' });
      default:
        return effect satisfies never;
    }
  }

  /** What any model would fail with on this device is no reason to go back: the next start looks again. */
  async #serve({ active }: SlotRecord): Promise<RolloutEvent | undefined> {
    const { slot, log, clock } = this.#needs;
    if (active === undefined) return undefined;
    this.#serving = await slot.serve(active);
    // A start under load may be slow, and memory short for a moment: what that costs must not be the model.
    if (!this.#serving.ok && isPassing(this.#serving.error)) this.#serving = await slot.serve(active);
    if (this.#serving.ok) return undefined;
    const { code, message } = this.#serving.error;
    log.error({ version: active.version, code, message }, 'rollout.activeBroken');
    if (isDeviceFault(this.#serving.error)) return undefined;
    const failure = { code, message: `the active ${active.version} does not start: ${message}` };
    return { type: 'activeBroken', id: `broken-${clock.now()}`, failure };
  }

  async #verify(record: SlotRecord): Promise<RolloutEvent> {
    const verified = await verify(this.#needs, record);
    if (!verified.ok) return { type: 'refused', failure: toFault(verified.error) };
    this.#verified = verified.value;
    const mended = await this.#mend(record, verified.value);
    if (!mended.ok) return { type: 'refused', failure: toFault(mended.error) };
    return { type: 'verified', ref: verified.value.ref };
  }

  /** The active model does not answer, and here are its very bytes again: they take the place of our copy, and serve. */
  async #mend({ slot: name, request, active }: SlotRecord, { ref, files }: VerifiedPackage): Promise<Result<void>> {
    if (this.#serving.ok || request === undefined || active?.digest !== ref.digest) return ok(undefined);
    const { store, slot, log } = this.#needs;
    const staged = await store.stage(name, request.source, active, files);
    if (!staged.ok) return staged;
    this.#opened = staged.value;
    this.#serving = await slot.serve(active);
    if (this.#serving.ok) log.info({ slot: name, version: active.version }, 'rollout.activeMended');
    return this.#serving;
  }

  async #stage({ slot, request, candidate }: SlotRecord): Promise<RolloutEvent> {
    const verified = this.#verified;
    if (request === undefined || candidate === undefined || verified?.ref.digest !== candidate.digest) {
      return { type: 'stageFailed', failure: toFault(failure('E_INTERNAL', 'what is to be staged was not verified')) };
    }
    const staged = await this.#needs.store.stage(slot, request.source, candidate, verified.files);
    if (!staged.ok) return { type: 'stageFailed', failure: toFault(staged.error) };
    this.#opened = staged.value;
    return { type: 'staged' };
  }

  async #test(record: SlotRecord): Promise<RolloutEvent> {
    const { slot } = this.#needs;
    const staged = await this.#open(record, record.candidate);
    if (!staged.ok) return untested(staged.error);
    // It was verified before a restart, and the configuration may be another since.
    const unfit = this.#needs.unfit(staged.value.manifest);
    if (unfit !== undefined) return { type: 'testImpossible', failure: toFault(failure('E_MODEL_CONTRACT', unfit)) };
    const loaded = await slot.loadCandidate(staged.value.ref, staged.value);
    if (!loaded.ok) return untested(loaded.error);
    const figures = await slot.testCandidate();
    if (!figures.ok) return untested(figures.error);
    const verdict = judgeTest(figures.value, staged.value.manifest.gates);
    const { evidence } = verdict;
    if (verdict.verdict === 'healthy') return { type: 'testPassed', evidence, alone: this.#isAlone(record) };
    return { type: 'testFailed', failure: atGate(verdict), evidence };
  }

  async #canary(record: SlotRecord, signal: AbortSignal): Promise<RolloutEvent> {
    if (!this.#serving.ok) {
      const failed = failure(
        'E_ROLLOUT_UNDECIDED',
        'the active model does not answer: there is nothing to compare with',
      );
      return { type: 'canaryUndecided', failure: toFault(failed), evidence: [] };
    }
    const staged = await this.#open(record, record.candidate);
    if (!staged.ok) return { type: 'canaryUndecided', failure: toFault(staged.error), evidence: [] };
    return runCanary(this.#needs, staged.value.manifest, signal);
  }

  async #swap(record: SlotRecord): Promise<RolloutEvent> {
    const alone = this.#isAlone(record);
    const swapped = await this.#needs.slot.swap();
    if (!swapped.ok) return { type: 'swapFailed', failure: toFault(swapped.error) };
    this.#serving = ok(undefined);
    return { type: 'swapped', alone };
  }

  /** Whether the candidate is all that the slot can hope for. */
  #isAlone({ active, previous }: SlotRecord): boolean {
    return active !== undefined && previous === undefined && !this.#serving.ok && !isDeviceFault(this.#serving.error);
  }

  /** A model that the device cannot run right now is not judged: the next start goes on. */
  async #watch(record: SlotRecord, signal: AbortSignal): Promise<RolloutEvent | undefined> {
    if (!this.#serving.ok) return undefined;
    const staged = await this.#open(record, record.active);
    if (!staged.ok) return { type: 'watchUnhealthy', failure: toFault(staged.error), evidence: [] };
    return runWatch(this.#needs, staged.value, record.previous, signal);
  }

  async #rollBack({ active }: SlotRecord): Promise<RolloutEvent> {
    if (active === undefined) return { type: 'rolledBack' };
    const { served, event } = await this.#wayBack.go(active);
    this.#serving = served;
    return event;
  }

  async #rollBackLater(record: SlotRecord, signal: AbortSignal): Promise<RolloutEvent> {
    await this.#wayBack.pause(signal);
    return this.#rollBack(record);
  }

  async #open({ slot }: SlotRecord, ref: ModelRef | undefined): Promise<Result<StagedPackage>> {
    if (ref === undefined) return { ok: false, error: failure('E_INTERNAL', 'the record names no package') };
    if (this.#opened?.ref.digest === ref.digest) return ok(this.#opened);
    const opened = await this.#needs.store.open(slot, ref);
    if (opened.ok) this.#opened = opened.value;
    return opened;
  }
}

function nothing(): undefined {
  return undefined;
}
