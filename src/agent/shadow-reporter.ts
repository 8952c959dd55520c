import { ERRORS, type ErrorCode, type Result } from '../domain/errors.ts';
import type { DeviceCounter } from '../domain/metrics.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Shadow, ShadowDocument } from '../ports/shadow.ts';
import type { AgentControls } from './commands/controls.ts';
import type { Counters } from './metrics.ts';
import { shadowDiff } from './shadow-diff.ts';
import { describeForShadow, type Reported, significantPart } from './shadow-document.ts';
import { fitShadow } from './shadow-fit.ts';
import { ShadowIntents } from './shadow-intents.ts';

/** Reports are at least this far apart, and changes are looked for this often. */
const REPORT_GAP_MS = 1_000;

/** Nothing was sent, or nothing was wrong with it: tried again at the next look. */
const TRY_AGAIN: ReadonlySet<ErrorCode> = new Set(['E_BUS_OFFLINE', 'E_BUS_BUSY']);

export type ReporterNeeds = {
  readonly shadow: Shadow;
  readonly controls: AgentControls;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters<DeviceCounter>;
  readonly heartbeatMs: number;
};

/**
 * Keeps the shadow true: applies what is desired, and reports how the device is. A change that matters is told within
 * REPORT_GAP_MS, figures with the heartbeat. Only differences are sent, one report at a time; one that nobody
 * acknowledges waits for the next change or heartbeat.
 */
export class ShadowReporter {
  readonly #needs: ReporterNeeds;
  readonly #intents: ShadowIntents;
  #cancel: Cancel[] = [];
  #reporting = false;
  #lastReportMs = Number.NEGATIVE_INFINITY;
  /** What was told last; undefined: nothing yet, or not successfully. */
  #told: string | undefined;
  /** Desired fields to clear that are not yet cleared. */
  #toClear: ShadowDocument | undefined;
  #lastFailure: ErrorCode | undefined;

  constructor(needs: ReporterNeeds) {
    this.#needs = needs;
    this.#intents = new ShadowIntents(needs.controls);
  }

  async start(): Promise<void> {
    const { shadow, clock } = this.#needs;
    this.#cancel = [
      shadow.onDesired((desired) => this.#desired(desired)),
      clock.every(REPORT_GAP_MS, () => this.#look()),
    ];
    await shadow.start();
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancel.splice(0)) cancel();
    await this.#needs.shadow.stop();
  }

  /** Something has changed: looks now, unless a report was sent within the gap; then at its end. */
  changed(): void {
    if (this.#needs.clock.monotonic() - this.#lastReportMs >= REPORT_GAP_MS) this.#look();
  }

  #desired(desired: ShadowDocument): void {
    const { clock, log } = this.#needs;
    const before = JSON.stringify(this.#intents.errors);
    const applied = this.#intents.apply(desired, clock.now());
    const refused = this.#intents.errors;
    // What is refused comes again and again; it is said once.
    if (applied.length > 0 || JSON.stringify(refused) !== before) log.info({ applied, refused }, 'shadow desired');
    this.changed();
  }

  /** Reports if there is something to tell, or a heartbeat is due. */
  #look(): void {
    if (this.#reporting || this.#cancel.length === 0) return;
    const { clock, controls, heartbeatMs } = this.#needs;
    const now = clock.monotonic();
    const health = controls.health();
    const overtaken = this.#intents.overtaken(health.agents);
    if (overtaken !== undefined) this.#toClear = { ...this.#toClear, ...overtaken };
    const { errors } = this.#intents;
    const reported = describeForShadow(controls, health, this.#intents.sleepOf(health.agents), errors);
    const significant = significantPart(reported);
    const heartbeat = now - this.#lastReportMs >= heartbeatMs;
    if (significant === this.#told && this.#toClear === undefined && !heartbeat) return;
    this.#lastReportMs = now;
    void this.#report(fitShadow(reported, this.#needs.shadow.maxAnswerBytes), significant);
  }

  async #report(reported: Reported, significant: string): Promise<void> {
    const { shadow, counters } = this.#needs;
    const clear = this.#toClear;
    this.#reporting = true;
    const result = await shadow.report(shadowDiff(shadow.reported ?? {}, reported), clear);
    this.#reporting = false;
    if (result.ok) counters.inc('shadowReports');
    else if (!TRY_AGAIN.has(result.error.code)) counters.inc('shadowFailures');
    const again = !result.ok && TRY_AGAIN.has(result.error.code);
    this.#told = again ? undefined : significant;
    // Once is enough also when nobody answered: without a shadow service there is nothing to clear.
    if (!again && this.#toClear === clear) this.#toClear = undefined;
    this.#tellFailure(result);
  }

  /** Once for each reason, with what can be done about it. That there is no connection is the bus's to tell. */
  #tellFailure(result: Result<void>): void {
    const code = result.ok ? undefined : result.error.code;
    if (!result.ok && code !== this.#lastFailure && !TRY_AGAIN.has(result.error.code))
      this.#needs.log.warn({ error: result.error, hint: ERRORS[result.error.code].hint }, 'shadow report failed');
    this.#lastFailure = code;
  }
}
