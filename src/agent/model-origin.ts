import { fail, failure, type Result } from '../domain/errors.ts';
import type { ModelRef, RolloutState } from '../domain/rollout.ts';
import type { Clock } from '../ports/clock.ts';
import type { StoredModel } from '../ports/model-store.ts';
import { type Found, findModel, nameOfModel, type Where } from './find-model.ts';
import type { RolloutDriver } from './rollout/driver.ts';
import { isDamage } from './rollout/faults.ts';

export type ModelOriginNeeds = Where & {
  /** Differs at every start, so that the rollouts of two starts are two. */
  readonly bootId: string;
  readonly clock: Clock;
};

type Driver = Pick<RolloutDriver, 'start' | 'status' | 'request'>;

/** No rollout is under way that another one would take the place of. */
const FREE: ReadonlySet<RolloutState> = new Set(['idle', 'committed', 'quarantined']);

/**
 * Where the model of one agent comes from: what rollouts have left in its slot, or else the configured package, which also
 * mends what the disk has lost of the slot.
 */
export class ModelOrigin {
  readonly #needs: ModelOriginNeeds;
  #found: Found | undefined;
  #stored: StoredModel | undefined;

  constructor(needs: ModelOriginNeeds) {
    this.#needs = needs;
  }

  async find(): Promise<Found> {
    this.#found = await findModel(this.#needs);
    this.#stored = this.#found.stored;
    return this.#found;
  }

  /** The configured package, where it had to be read. */
  get stored(): Result<StoredModel> {
    if (this.#stored !== undefined) return { ok: true, value: this.#stored };
    const manifest = this.#found?.manifest;
    return manifest?.ok === false ? manifest : fail('E_MODEL_MISSING');
  }

  /** What the configured model is called. `active`: the name of the slot's. */
  nameOf(active: string | undefined): string {
    return nameOfModel(this.#needs.spec, this.#stored?.manifest.name ?? active);
  }

  /** Starts the slot. One without a model takes the configured package, by the same way as any other: verified, tested, committed. */
  async start(driver: Driver): Promise<Result<unknown>> {
    const started = await driver.start();
    const { active, state } = driver.status();
    if (!started.ok && FREE.has(state) && isDamage(started.error) && (await this.#isStored(active)))
      return this.#install(driver, 'mend');
    // A rollout that somebody asked for before us brings the first model as well.
    if (!started.ok || active !== undefined || state !== 'idle' || this.#found?.empty === true) return started;
    return this.#install(driver, 'first');
  }

  async #install(driver: Driver, why: 'first' | 'mend'): Promise<Result<unknown>> {
    const { stored } = this;
    if (!stored.ok) return stored;
    const { bootId, clock } = this.#needs;
    const { source } = stored.value;
    const request = { id: `${why}-${bootId}`, source, force: false, requestedAtMs: clock.now() };
    const outcome = await driver.request(request);
    if (!outcome.ok || outcome.value.outcome === 'committed') return outcome;
    const { code, reason } = outcome.value;
    return { ok: false, error: code === undefined ? failure('E_MODEL_LOAD', reason) : { code, message: reason } };
  }

  /** Whether the configured package says of itself that it is that model; its digest is for the driver to judge. */
  async #isStored(ref: ModelRef | undefined): Promise<boolean> {
    const { models, spec } = this.#needs;
    if (this.#stored === undefined) {
      const stored = await models.read(spec);
      if (stored.ok) this.#stored = stored.value;
    }
    const { name, version } = this.#stored?.manifest ?? {};
    return ref !== undefined && ref.name === name && ref.version === version;
  }
}
