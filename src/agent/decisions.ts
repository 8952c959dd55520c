import type { AgentSpec, AlarmRule, DecisionSpec } from '../domain/agent-spec.ts';
import type { AlarmChange, Outcome } from '../domain/decision.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { Window } from '../domain/reading.ts';
import { Decider } from '../flow/decide.ts';
import { type Encoder, makeEncoder } from '../flow/encode.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Outbox } from '../ports/outbox.ts';
import { Announcer } from './announcer.ts';
import type { AgentMode } from './commands/controls.ts';
import type { Metrics } from './metrics.ts';

export type DecisionsNeeds = {
  readonly thing: string;
  readonly spec: AgentSpec;
  readonly manifest: Manifest;
  readonly variant: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly mode: () => AgentMode;
};

/** The rules in force, the model in whose name they speak, and the alarms that they have raised. All of it can change. */
export class Decisions {
  readonly #needs: DecisionsNeeds;
  #spec: DecisionSpec;
  #encoder: Encoder;
  #decider: Decider;
  #announcer: Announcer;

  constructor(needs: DecisionsNeeds) {
    this.#needs = needs;
    this.#spec = needs.spec.decisions;
    this.#encoder = this.#makeEncoder(needs.manifest, needs.variant);
    this.#decider = this.#makeDecider(this.#spec);
    this.#announcer = this.#makeAnnouncer();
  }

  /** Takes up the alarms of the last run. */
  resume(): Promise<void> {
    return this.#announcer.resume();
  }

  /** Speaks in the name of another model from now on. */
  setModel(manifest: Manifest, variant: string): void {
    this.#encoder = this.#makeEncoder(manifest, variant);
    this.#announcer = this.#makeAnnouncer();
  }

  /** Decides by other rules from now on. Alarms of rules that stay go on; votes start anew. */
  setRules(spec: DecisionSpec): void {
    const decider = this.#makeDecider(spec);
    for (const { rule, key, episode } of this.#decider.episodes()) decider.resume(rule, key, episode);
    this.#spec = spec;
    this.#decider = decider;
    this.#announcer = this.#makeAnnouncer();
  }

  setThreshold(rule: string, raise: number, clear: number): boolean {
    return this.#decider.setThreshold(rule, raise, clear);
  }

  /** Judges a row of scores; undefined where they are not all finite. Alarms that change are added to `changes`. */
  decide(key: string, scores: Float32Array, row: number, nowMs: number, changes: AlarmChange[]): Outcome | undefined {
    return this.#decider.decide(key, scores, row, nowMs, changes);
  }

  /** Reads the outcome of one row of scores, and leaves votes and alarms alone. */
  outcomeOf(scores: Float32Array): Outcome | undefined {
    return this.#decider.outcomeOf(scores, 0);
  }

  encode(id: string, window: Window, outcome: Outcome, latencyMs: number): string {
    return this.#encoder.result(id, window, outcome, latencyMs);
  }

  /** Queues an alarm that changed; resolves when it is on the disk, or taken back. */
  announce(change: AlarmChange): Promise<void> {
    return this.#announcer.announce(change, this.#needs.mode());
  }

  /** The rules that hold now, thresholds as they were changed. */
  get alarms(): readonly AlarmRule[] {
    const limits = this.#decider.thresholds();
    return this.#spec.alarms.map((rule) => ({ ...rule, ...limits[rule.name] }));
  }

  look() {
    return { alarmsActive: this.#decider.active, thresholds: this.#decider.thresholds() };
  }

  #makeEncoder({ name, version }: Manifest, variant: string): Encoder {
    const { thing, spec } = this.#needs;
    return makeEncoder({ thing, agent: spec.name, model: { name, version, variant } });
  }

  #makeDecider(decisions: DecisionSpec): Decider {
    const { manifest, spec } = this.#needs;
    const { task, output } = manifest;
    return new Decider({ task, labels: output.labels, ...decisions, maxKeys: spec.window.maxKeys });
  }

  #makeAnnouncer(): Announcer {
    return new Announcer({ ...this.#needs, ...this.#spec, decider: this.#decider, encoder: this.#encoder });
  }
}
