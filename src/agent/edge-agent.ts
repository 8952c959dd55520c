import type { AgentSpec, DecisionSpec } from '../domain/agent-spec.ts';
import { type Failure, fail, ok, type Result, toFailure } from '../domain/errors.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { Messaging } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { ModelRunner } from '../ports/model-runner.ts';
import type { ModelStore } from '../ports/model-store.ts';
import type { Outbox } from '../ports/outbox.ts';
import { modelOf, statusOf } from './agent-status.ts';
import type {
  AgentMode,
  Inference,
  PipelineControl,
  PipelineDiagnosis,
  PipelineStatus,
  RolloutControl,
} from './commands/controls.ts';
import { DataPath } from './data-path.ts';
import { Metrics } from './metrics.ts';
import { ModelOrigin } from './model-origin.ts';
import { Rest } from './rest.ts';
import { rolloutControl } from './rollout/control.ts';
import { RolloutDriver } from './rollout/driver.ts';
import type { EffectNeeds } from './rollout/effects.ts';
import { Slot } from './slot/slot.ts';

export type EdgeAgentNeeds = {
  readonly thing: string;
  readonly bootId: string;
  readonly spec: AgentSpec;
  readonly models: ModelStore;
  /** A new runner with the isolation and the limits of the spec. */
  readonly makeRunner: (use: 'active' | 'candidate') => ModelRunner;
  readonly bus: Messaging;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: () => AgentMode;
  /** Undefined: the model comes with the agent only. */
  readonly rollouts: RolloutNeeds | undefined;
};

/** What all slots of a device share. */
export type RolloutNeeds = Pick<EffectNeeds, 'store' | 'verifier' | 'audit' | 'groups' | 'timeFloor'>;

/** Calling off a rollout is one save of its record. */
const LEAVE_DEADLINE_MS = 1_000;

/**
 * One configured agent: its model, its runner, its pipeline, and the handles by which commands and the shadow steer it.
 * An agent that cannot start is `refused` and says why; the others of the device go on. One that takes rollouts and has no
 * model yet waits for the first: until then it hears no sensor, so that nothing piles up.
 */
export class EdgeAgent implements PipelineControl {
  readonly name: string;
  readonly metrics = new Metrics();
  readonly #needs: EdgeAgentNeeds;
  readonly #path: DataPath;
  readonly #origin: ModelOrigin;
  #waiting = false;
  #loaded = false;
  readonly #slot: Slot;
  readonly #driver: RolloutDriver | undefined;
  /** Why it could not even begin: its driver is never started, and a wish would wait for ever. */
  #undriven: Failure | undefined;
  #refusal: Failure | undefined;
  #stopped = false;
  readonly #rest: Rest;

  constructor(needs: EdgeAgentNeeds) {
    this.name = needs.spec.name;
    this.#needs = needs;
    this.#rest = new Rest(needs.clock, () => this.#resume());
    this.#slot = new Slot({
      name: needs.spec.name,
      store: needs.rollouts?.store,
      variant: needs.spec.model.variant,
      makeRunner: needs.makeRunner,
      alarms: () => this.#path.alarms,
      clock: needs.clock,
      onServing: (held) => this.#path.setModel(held),
    });
    const { spec, rollouts } = needs;
    this.#origin = new ModelOrigin({ ...needs, slot: this.name, spec: spec.model, store: rollouts?.store });
    this.#path = new DataPath({ ...needs, runner: this.#slot, metrics: this.metrics });
    const unfit = (manifest: Manifest) => this.#path.misfitOf(manifest, this.#slot.model === undefined);
    this.#driver = rollouts && new RolloutDriver({ ...needs, ...rollouts, name: this.name, slot: this.#slot, unfit });
    this.#driver?.onChange(() => (this.#slot.model === undefined ? this.#fallSilent() : this.#takeUp()));
  }

  /** Reads the model and subscribes. What arrives before the model is loaded waits in the queue. Never rejects. */
  async prepare(): Promise<void> {
    const { manifest, empty } = await this.#origin.find();
    if (manifest.ok) await this.#listen(manifest.value);
    else if (this.#driver === undefined) this.#refuse(manifest.error);
    else if (empty) this.#waiting = true;
    this.#undriven = this.#refusal;
  }

  /** Subscribes for a model, unless the configuration does not fit it. */
  async #listen(manifest: Manifest): Promise<void> {
    const opened = await this.#path.open(manifest, this.#rest.asleep);
    if (!opened.ok) this.#refuse(opened.error);
  }

  /** Loads the model: from now on there are answers. Never rejects. */
  async load(): Promise<void> {
    if (this.#undriven !== undefined) return;
    await this.#loadModel();
    this.#loaded = true;
  }

  async #loadModel(): Promise<void> {
    const loaded = this.#driver === undefined ? await this.#serveStored() : await this.#origin.start(this.#driver);
    if (!loaded.ok) {
      this.#path.pause();
      return this.#refuse(loaded.error);
    }
    const { log } = this.#needs;
    if (!this.#path.isOpen) this.#takeUp();
    else if (this.#slot.model !== undefined)
      log.info({ model: modelOf(this.#slot), ...this.#slot.model.loaded }, 'agent running');
    if (this.#waiting) log.info({ model: this.modelName }, 'agent waits for its first model');
  }

  async #serveStored(): Promise<Result<unknown>> {
    const { stored } = this.#origin;
    return stored.ok ? this.#slot.serveStored(stored.value) : stored;
  }

  /** An agent without a model, or without one that works, takes up its work once a rollout has brought one. */
  #takeUp(): void {
    const held = this.#slot.model;
    if (this.#stopped || held === undefined || !this.#slot.ready) return;
    if (this.#path.isOpen && this.#refusal === undefined) return;
    this.#refusal = undefined;
    this.#waiting = false;
    this.#needs.log.info({ model: modelOf(this.#slot), ...held.loaded }, 'agent running');
    if (!this.#path.isOpen) void this.#listen(held.manifest).catch((thrown) => this.#refuse(toFailure(thrown)));
    else if (!this.#rest.asleep) this.#path.resume();
  }

  /** Its model is gone, and so is the one before it: it waits for another. */
  #fallSilent(): void {
    const serving = this.#driver?.serving;
    if (!this.#loaded || this.#stopped || this.#refusal !== undefined || serving?.ok !== false) return;
    this.#path.pause();
    this.#refuse(serving.error);
  }

  #refuse(why: Failure): void {
    this.#refusal = why;
    this.#needs.log.error({ code: why.code, reason: why.message }, 'agent refused');
  }

  /** Takes in no more, answers what waits, and ends the runner, within `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#rest.cancel();
    const { clock } = this.#needs;
    const startedMs = clock.monotonic();
    // What waits for a model that does not load waits in vain.
    await this.#path.stop(this.#refusal === undefined ? deadlineMs : 0);
    await this.#driver?.stop(LEAVE_DEADLINE_MS);
    await this.#slot.stop(Math.max(0, deadlineMs - (clock.monotonic() - startedMs)));
  }

  sleep(untilMs: number | undefined): void {
    if (this.#stopped) return;
    this.#path.pause();
    this.#rest.begin(untilMs);
  }

  wake(): void {
    this.#rest.end();
  }

  #resume(): void {
    if (!this.#stopped && this.#refusal === undefined) this.#path.resume();
  }

  async infer(values: Float32Array, _key: string | undefined): Promise<Result<Inference>> {
    if (this.#refusal !== undefined) return { ok: false, error: this.#refusal };
    if (this.#waiting) return fail('E_RUNNER_UNAVAILABLE', 'the agent waits for its first model');
    return this.#path.infer(values);
  }

  /**
   * What its model has against another configuration of it; undefined where there is nothing, or no model yet: a first one is
   * held against whatever there is when it comes.
   */
  objection(next: AgentSpec): string | undefined {
    // Without a slot another configuration brings another model.
    const bringsAnother = this.#driver === undefined && next.model.path !== this.#needs.spec.model.path;
    return bringsAnother ? undefined : this.#path.objection(next);
  }

  /** Changed decisions take effect at once; for an agent that could not even begin, at the next start. */
  get takesDecisions(): boolean {
    return this.#undriven === undefined;
  }

  /** Takes up changed decisions against which there is no objection. */
  setDecisions(decisions: DecisionSpec): void {
    this.#path.setDecisions(decisions);
  }

  setThreshold(rule: string, raise: number, clear: number): Result<void> {
    if (this.#waiting) return fail('E_RUNNER_UNAVAILABLE', `agent ${this.name} waits for its first model`);
    const known = this.#path.setThreshold(rule, raise, clear);
    return known ? ok(undefined) : fail('E_COMMAND_ARGS', `agent ${this.name} has no alarm rule ${rule}`);
  }

  get rollouts(): RolloutControl | undefined {
    const driver = this.#driver;
    const { rollouts, clock } = this.#needs;
    if (driver === undefined || rollouts === undefined) return undefined;
    return rolloutControl({ slot: this.name, driver, ...rollouts, clock, undriven: () => this.#undriven });
  }

  get modelName(): string {
    return this.#origin.nameOf(this.#driver?.status().active?.name);
  }

  status(): PipelineStatus {
    return statusOf({
      name: this.name,
      isolation: this.#needs.spec.runner.isolation,
      slot: this.#slot,
      path: this.#path,
      rest: this.#rest,
      metrics: this.metrics,
      stopped: this.#stopped,
      refusal: this.#refusal,
      waiting: this.#waiting,
    });
  }

  diagnose(): PipelineDiagnosis {
    const look = this.#path.look();
    return {
      deadLetters: look?.deadLetters ?? [],
      extra: { ...this.#slot.model?.loaded, batchLimit: look?.batchLimit },
    };
  }
}
