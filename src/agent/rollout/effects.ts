import { failure, ok, type Result, toFailure } from '../../domain/errors.ts';
import type { ModelRef, SlotRecord } from '../../domain/rollout.ts';
import type { Audit } from '../../ports/audit.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { PackageVerifier, VerifiedPackage } from '../../ports/package-verifier.ts';
import type { SlotStore, StagedPackage } from '../../ports/slot-store.ts';
import type { Effect, RolloutEvent } from '../../rollout/events.ts';
import { keptRefs } from '../../rollout/step.ts';
import { judgeTest } from '../../rollout/verdict/judge-test.ts';
import { onThrow, toFault, untested } from './faults.ts';
import type { ModelSlot } from './model-slot.ts';
import { atGate, runCanary, runWatch } from './trial.ts';

export type EffectNeeds = {
  readonly store: SlotStore;
  readonly verifier: PackageVerifier;
  readonly slot: ModelSlot;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly log: Log;
  readonly thing: string;
  readonly groups: readonly string[];
  /** The latest time ever seen, milliseconds since 1970 UTC: a clock that was set back does not turn back expiry. */
  readonly timeFloor: () => number;
};

/** The way back is tried again after this, doubled each time up to the longest. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Does the effects of the table through the ports, one at a time, and tells the event that follows, if any. */
export class Effects {
  readonly #needs: EffectNeeds;
  #verified: VerifiedPackage | undefined;
  #opened: StagedPackage | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #serving: Result<void> = ok(undefined);

  constructor(needs: EffectNeeds) {
    this.#needs = needs;
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
        return slot
          .swap()
          .then((swapped) =>
            swapped.ok ? { type: 'swapped' } : { type: 'swapFailed', failure: toFault(swapped.error) },
          );
      case 'watch':
        return this.#watch(record, signal);
      case 'rollBack':
        return this.#rollBack(record);
      case 'rollBackLater':
        return this.#rollBackLater(record, signal);
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

  /** In the middle of another rollout a model that does not load is no reason to stop: the candidate may be the cure. */
  async #serve({ active, state }: SlotRecord): Promise<RolloutEvent | undefined> {
    if (active === undefined) return undefined;
    const served = await this.#needs.slot.serve(active);
    this.#serving = served;
    if (served.ok) return undefined;
    this.#needs.log.error({ version: active.version, ...toFault(served.error) }, 'rollout.activeBroken');
    if (state !== 'idle' && state !== 'watching') return undefined;
    return { type: 'activeBroken', id: `broken-${this.#needs.clock.now()}`, failure: toFault(served.error) };
  }

  async #verify({ request, releaseFloor, active }: SlotRecord): Promise<RolloutEvent> {
    const { verifier, clock, groups, thing, timeFloor, audit } = this.#needs;
    const source = request?.source ?? '';
    const nowMs = Math.max(clock.now(), timeFloor());
    const context = { nowMs, releaseFloor, activeDigest: active?.digest, groups, thing, newInstall: true };
    const verified = await verifier.verify(source, context);
    if (!verified.ok) {
      const { code, message } = verified.error;
      await audit.append({ at: clock.now(), event: 'trust.refused', facts: { source, code, message } });
      return { type: 'refused', failure: toFault(verified.error) };
    }
    this.#verified = verified.value;
    const { ref, signers } = verified.value;
    const facts = { source, ...ref, signers: signers.join(', ') };
    await audit.append({ at: clock.now(), event: 'trust.accepted', facts });
    return { type: 'verified', ref };
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
    const loaded = await slot.loadCandidate(staged.value.ref, staged.value);
    if (!loaded.ok) return untested(loaded.error);
    const figures = await slot.testCandidate();
    if (!figures.ok) return untested(figures.error);
    const verdict = judgeTest(figures.value, staged.value.manifest.gates);
    const { evidence } = verdict;
    if (verdict.verdict === 'healthy') return { type: 'testPassed', evidence };
    return { type: 'testFailed', failure: atGate(verdict), evidence };
  }

  async #canary(record: SlotRecord, signal: AbortSignal): Promise<RolloutEvent> {
    const staged = await this.#open(record, record.candidate);
    if (!staged.ok) return { type: 'canaryUndecided', failure: toFault(staged.error), evidence: [] };
    return runCanary(this.#needs, staged.value.manifest, signal);
  }

  async #watch(record: SlotRecord, signal: AbortSignal): Promise<RolloutEvent> {
    const staged = await this.#open(record, record.active);
    if (!staged.ok) return { type: 'watchUnhealthy', failure: toFault(staged.error), evidence: [] };
    return runWatch(this.#needs, staged.value, record.previous, signal);
  }

  async #rollBack({ active }: SlotRecord): Promise<RolloutEvent> {
    if (active === undefined) return { type: 'rolledBack' };
    const back = await this.#needs.slot.rollBack(active);
    this.#serving = back;
    if (back.ok) {
      this.#pauseMs = FIRST_PAUSE_MS;
      return { type: 'rolledBack' };
    }
    this.#needs.log.error({ version: active.version, ...toFault(back.error) }, 'rollout.rollBackFailed');
    return { type: 'rollBackFailed' };
  }

  async #rollBackLater(record: SlotRecord, signal: AbortSignal): Promise<RolloutEvent> {
    const pauseMs = this.#pauseMs;
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    await this.#needs.clock.sleep(pauseMs, signal);
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
