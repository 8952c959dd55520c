import type { ReloadReport } from '../agent/commands/controls.ts';
import type { Config } from '../config/config.ts';
import type { Checked } from '../config/load.ts';
import { ERRORS, failure, type Result } from '../domain/errors.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { ConfigurationSource, Objection } from '../ports/configuration-source.ts';
import type { Log } from '../ports/log.ts';
import { type ComponentConfiguration, reasonsOf } from './component-configuration.ts';

/** What changed could not be read: the nucleus is away or busy, and tells it to nobody again. */
const READ_AGAIN_MS = 5_000;
/** As often as it looks whether the rollout has ended that a start anew waits for. */
const LOOK_MS = 500;
/** A probation takes minutes; one that takes longer goes on after the start, from its beginning. */
export const LONGEST_WAIT_MS = 30 * 60_000;

/** The running device, as far as its configuration is concerned. */
export type Configurable = {
  takeUp(next: Config): Result<ReloadReport>;
  objectionsTo(next: Config): readonly string[];
  unsettled(): string | undefined;
};

export type ConfigurationLifeNeeds = {
  readonly source: Pick<ConfigurationSource, 'onChange' | 'onProposal' | 'start' | 'stop'>;
  readonly configuration: Pick<ComponentConfiguration, 'read' | 'accept' | 'acceptLater' | 'refuse'>;
  readonly check: (delivered: unknown) => Checked;
  readonly device: Configurable;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * Follows the configuration while a device runs: what can change does at once, what cannot asks for a start anew (see
 * `restart`), and a bad one changes nothing.
 */
export class ConfigurationLife {
  readonly #needs: ConfigurationLifeNeeds;
  readonly #restart = new AbortController();
  /** Aborted when a pending start anew is called off, or this ends. */
  #waiting: AbortController | undefined;
  #changes: Promise<void> = Promise.resolve();
  #cancelReading: Cancel | undefined;
  #ends: (() => void)[] = [];

  constructor(needs: ConfigurationLifeNeeds) {
    this.#needs = needs;
  }

  /** Aborted once the device has to be started anew, at a moment that is good for its rollouts. */
  get restart(): AbortSignal {
    return this.#restart.signal;
  }

  async start(): Promise<void> {
    const { source } = this.#needs;
    this.#ends = [
      source.onProposal(async (proposed) => this.#objection(proposed)),
      source.onChange(() => this.#follow()),
    ];
    await source.start();
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    this.#waiting?.abort();
    this.#cancelReading?.();
    await this.#needs.source.stop();
  }

  #objection(proposed: unknown): Objection {
    const { check, device, log } = this.#needs;
    const checked = check(proposed);
    const reasons = checked.ok ? device.objectionsTo(checked.value) : reasonsOf(checked);
    if (reasons.length === 0) return undefined;
    log.error({ problems: reasons }, 'proposed configuration refused');
    return reasons.join('; ');
  }

  /** One change after another. */
  #follow(): void {
    this.#cancelReading?.();
    this.#changes = this.#changes.then(() => this.#changed());
  }

  async #changed(): Promise<void> {
    const { configuration, device, clock, log } = this.#needs;
    const { delivered, checked } = await configuration.read();
    if (delivered === undefined && !checked.ok && ERRORS[checked.error.code].retryable) {
      log.warn({ code: checked.error.code, reason: checked.error.message }, 'changed configuration not read');
      this.#cancelReading?.();
      if (this.#ends.length > 0) this.#cancelReading = clock.after(READ_AGAIN_MS, () => this.#follow());
      return;
    }
    if (!checked.ok) return configuration.refuse(checked);
    // Lite never asks beforehand, and an agent that its model does not fit would not start anew.
    const objections = device.objectionsTo(checked.value);
    if (objections.length > 0) {
      return configuration.refuse({ error: failure('E_CONFIG_INVALID', objections.join('; ')), problems: [] });
    }
    const taken = device.takeUp(checked.value);
    if (!taken.ok) return configuration.refuse({ error: taken.error, problems: [] });
    const { applied, refused } = taken.value;
    const later = refused.map(({ path }) => path);
    log.info({ applied, later }, 'configuration accepted');
    this.#waiting?.abort();
    this.#waiting = undefined;
    if (later.length === 0) return configuration.accept({ delivered, from: 'nucleus' });
    configuration.acceptLater();
    void this.#restartWhenGood(later);
  }

  /** A rollout between its swap and its commit would have to begin its probation again. */
  async #restartWhenGood(paths: readonly string[]): Promise<void> {
    const { device, clock, log } = this.#needs;
    const waiting = new AbortController();
    this.#waiting = waiting;
    const lateMs = clock.monotonic() + LONGEST_WAIT_MS;
    let told = false;
    for (let reason = device.unsettled(); reason !== undefined; reason = device.unsettled()) {
      if (!told) log.info({ reason, paths }, 'the start with the new configuration waits');
      told = true;
      if (clock.monotonic() >= lateMs) break;
      await clock.sleep(LOOK_MS, waiting.signal).catch(() => {});
      if (waiting.signal.aborted) return;
    }
    log.info({ paths }, 'starting anew with the new configuration');
    this.#restart.abort();
  }
}
