import { fail, failure, ok, type Result, toFailure } from '../../domain/errors.ts';
import type { RolloutOutcome, RolloutRequest, SlotRecord } from '../../domain/rollout.ts';
import type { Effect, RolloutEvent } from '../../rollout/events.ts';
import { emptySlot, type Step, step } from '../../rollout/step.ts';
import { within } from '../within.ts';
import { type EffectNeeds, Effects } from './effects.ts';
import { toFault } from './faults.ts';
import { persist } from './persist.ts';
import { auditOutcome, auditStep } from './trail.ts';
import { Waiting } from './waiting.ts';

export type DriverNeeds = EffectNeeds & {
  /** Name of the slot: that of its record in the store. */
  readonly name: string;
};

/**
 * Drives the rollouts of one slot: takes events through the table one after another, saves the record, and only then does
 * the effects, one at a time. A step that has effects of its own calls off those under way; a wish that only waits leaves
 * them alone.
 */
export class RolloutDriver {
  readonly #needs: DriverNeeds;
  readonly #effects: Effects;
  readonly #listeners = new Set<(record: SlotRecord) => void>();
  readonly #waiting = new Waiting();
  readonly #stopping = new AbortController();
  #record: SlotRecord;
  /** Events, in the order of their arrival. */
  #mail: Promise<unknown> = Promise.resolve();
  /** Effects, in the order of their steps. */
  #work: Promise<unknown> = Promise.resolve();
  #current = new AbortController();
  #serves: (served: Result<void>) => void = () => {};
  /**
   * Wishes wait for the start: by an empty record they would be taken for the first of the slot, and overwrite the real one;
   * and while the active model is still loading, their effects would call that off.
   */
  readonly #started = Promise.withResolvers<Result<void>>();

  constructor(needs: DriverNeeds) {
    this.#needs = needs;
    this.#effects = new Effects(needs);
    this.#record = emptySlot(needs.name, 0);
  }

  /**
   * Takes up the slot where the last run left it. Resolves once the active model answers (or the slot has none yet); a rollout
   * that was under way goes on by itself. E_STATE_DAMAGED: the record cannot be read, and nothing was started.
   */
  async start(): Promise<Result<void>> {
    const { store, name, clock } = this.#needs;
    const loaded = await store.load(name);
    if (!loaded.ok) {
      this.#started.resolve(loaded);
      return loaded;
    }
    this.#record = loaded.value ?? emptySlot(name, clock.now());
    const served = new Promise<Result<void>>((resolve) => {
      this.#serves = resolve;
    });
    await this.#post({ type: 'booted' });
    const first = await served;
    this.#started.resolve(ok(undefined));
    return first;
  }

  /** Calls off what is under way; the next start goes on with it. A stop in good order is not counted as a crash. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort(new Error('the agent is stopping'));
    this.#started.resolve(fail('E_ROLLOUT_INTERRUPTED'));
    this.#current.abort(this.#stopping.signal.reason);
    await within(this.#needs.clock, deadlineMs, Promise.all([this.#work, this.#mail]));
    await within(this.#needs.clock, deadlineMs, this.#leave());
    this.#serves(fail('E_ROLLOUT_INTERRUPTED'));
    this.#waiting.tellAll(fail('E_ROLLOUT_INTERRUPTED'));
    this.#listeners.clear();
  }

  status(): SlotRecord {
    return this.#record;
  }

  /** How the last attempt to let the active model answer ended. */
  get serving(): Result<void> {
    return this.#effects.serving;
  }

  /** Tells every saved record. Returns a function that ends the listening. */
  onChange(listener: (record: SlotRecord) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Asks for a rollout, and resolves with its outcome. The id of a rollout that is under way joins it; that of the last one is
   * answered at once. E_ROLLOUT_INTERRUPTED: the agent stopped first; the rollout goes on with the next start.
   */
  async request(request: RolloutRequest): Promise<Result<RolloutOutcome>> {
    const started = await this.#started.promise;
    if (!started.ok) return started;
    const { request: current, queued, last } = this.#record;
    if (last?.id === request.id) return ok(last);
    const known = [current?.id, queued?.id].includes(request.id) || this.#waiting.has(request.id);
    return known ? this.#waiting.wait(request.id).outcome : this.#wish({ type: 'requested', request }, request.id);
  }

  /** Cancels the rollout under way; resolves once that is decided and saved. Its outcome goes to who asked for it. */
  async cancel(reason?: string): Promise<Result<void>> {
    const started = await this.#started.promise;
    if (!started.ok) return started;
    const taken = await this.#post({
      type: 'cancelRequested',
      failure: toFault(failure('E_ROLLOUT_CANCELLED', reason)),
    });
    return taken.ok ? ok(undefined) : taken;
  }

  /** Goes back to the previous model, and resolves with the outcome. While watching, that is the end of the rollout. */
  async rollBack(id: string, reason?: string): Promise<Result<RolloutOutcome>> {
    const started = await this.#started.promise;
    if (!started.ok) return started;
    const event = { type: 'rollbackRequested', id, failure: toFault(failure('E_ROLLOUT_UNDONE', reason)) } as const;
    const taken = await this.#post(event);
    if (!taken.ok) return taken;
    if (this.#stopping.signal.aborted) return fail('E_ROLLOUT_INTERRUPTED');
    // Only now is it known whether it ends the rollout under way or is one of its own: events were before it in the mail.
    return this.#waiting.wait(this.#record.request?.id ?? id).outcome;
  }

  /** Waits for the end of what the wish starts; a wish that is refused ends at once. */
  async #wish(event: RolloutEvent, id: string): Promise<Result<RolloutOutcome>> {
    const { outcome, forget } = this.#waiting.wait(id);
    const taken = await this.#post(event);
    if (taken.ok) return outcome;
    forget();
    return taken;
  }

  /** One event after another. `from`: the effects that tell it; once they are called off, nobody listens to them. */
  #post(event: RolloutEvent, from?: AbortSignal): Promise<Result<void>> {
    const taken = this.#mail.then(() => this.#take(event, from)).catch((thrown) => this.#halt(event, thrown));
    this.#mail = taken;
    return taken;
  }

  async #take(event: RolloutEvent, from: AbortSignal | undefined): Promise<Result<void>> {
    if (this.#stopping.signal.aborted) return fail('E_ROLLOUT_INTERRUPTED');
    if (from?.aborted === true) return ok(undefined);
    const before = this.#record;
    const taken = step(before, event, this.#needs.clock.now());
    if (!taken.ok) return taken;
    const { record, effects } = taken.value;
    if (record !== before && !(await persist(this.#needs, record, this.#stopping.signal)))
      return fail('E_ROLLOUT_INTERRUPTED');
    this.#record = record;
    if (effects.length > 0 || record.state !== before.state) this.#launch(effects);
    await this.#tell(before, event, taken.value);
    return ok(undefined);
  }

  #launch(effects: readonly Effect[]): void {
    this.#current.abort(new Error('another step of the rollout came first'));
    this.#current = new AbortController();
    if (this.#stopping.signal.aborted) this.#current.abort();
    const { signal } = this.#current;
    this.#work = this.#work.then(() => this.#run(effects, signal));
  }

  async #run(effects: readonly Effect[], signal: AbortSignal): Promise<void> {
    for (const effect of effects) {
      if (signal.aborted) return;
      const event = await this.#effects.run(effect, this.#record, signal);
      if (signal.aborted) return;
      this.#served(effect, event);
      if (event !== undefined) {
        void this.#post(event, signal);
        return;
      }
    }
  }

  /** The start waits for the first model that answers, or for the news that none does. */
  #served(effect: Effect, event: RolloutEvent | undefined): void {
    const { serving } = this.#effects;
    const goesBack = event?.type === 'activeBroken' && this.#record.previous !== undefined;
    const hasTried = effect === 'rollBack' || effect === 'rollBackLater' || (effect === 'serve' && !goesBack);
    if (hasTried) this.#serves(serving);
  }

  async #tell(before: SlotRecord, event: RolloutEvent, taken: Step): Promise<void> {
    const { audit, log, clock, name } = this.#needs;
    const { record, ended, because } = taken;
    const { state, active, candidate, failure: reason } = record;
    const models = { active: active?.version, candidate: candidate?.version };
    if (record !== before)
      log.info({ slot: name, on: event.type, from: before.state, to: state, ...models, reason }, because);
    for (const listener of this.#listeners) listener(record);
    for (const outcome of ended) this.#waiting.tell(outcome.id, ok(outcome));
    if (record !== before) await audit.append(auditStep(clock.now(), event, before, record));
    for (const outcome of ended) await audit.append(auditOutcome(clock.now(), name, outcome));
  }

  /** A bug, or a store that throws: nothing more is done to the slot until the next start, which finds the saved state. */
  #halt(event: RolloutEvent, thrown: unknown): Result<void> {
    const error = toFailure(thrown);
    this.#needs.log.error({ on: event.type, state: this.#record.state, err: thrown }, 'rollout.halted');
    this.#stopping.abort(thrown);
    this.#current.abort(thrown);
    this.#serves({ ok: false, error });
    this.#waiting.tellAll({ ok: false, error });
    return { ok: false, error };
  }

  async #leave(): Promise<void> {
    const taken = step(this.#record, { type: 'stopped' }, this.#needs.clock.now());
    if (!taken.ok || taken.value.record === this.#record) return;
    const saved = await this.#needs.store
      .save(taken.value.record)
      .catch((thrown) => fail('E_STATE_IO', String(thrown)));
    if (saved.ok) this.#record = taken.value.record;
  }
}
