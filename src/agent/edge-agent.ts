import type { AgentSpec, DecisionSpec } from '../domain/agent-spec.ts';
import { type Failure, fail, failure, ok, type Result, toFailure } from '../domain/errors.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { RolloutState, SlotRecord } from '../domain/rollout.ts';
import type { Messaging } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { ModelRunner } from '../ports/model-runner.ts';
import type { ModelStore, StoredModel } from '../ports/model-store.ts';
import type { Outbox } from '../ports/outbox.ts';
import type {
  AgentMode,
  Inference,
  PipelineControl,
  PipelineDiagnosis,
  PipelineState,
  PipelineStatus,
  RolloutControl,
} from './commands/controls.ts';
import { findModel, isForAnother, nameOfModel } from './find-model.ts';
import { whatDoesNotFit } from './fit.ts';
import { Metrics } from './metrics.ts';
import { Pipeline } from './pipeline.ts';
import { Rest } from './rest.ts';
import { RolloutDriver } from './rollout/driver.ts';
import type { EffectNeeds } from './rollout/effects.ts';
import { isDamage } from './rollout/faults.ts';
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

type Prepared = { readonly manifest: Manifest; readonly pipeline: Pipeline };

/** No rollout is under way that another one would take the place of. */
const FREE: ReadonlySet<RolloutState> = new Set(['idle', 'committed', 'quarantined']);

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
  /** As configured, with the decisions of the latest reload. */
  #spec: AgentSpec;
  /** The configured package, where it had to be read. */
  #stored: StoredModel | undefined;
  #prepared: Prepared | undefined;
  /** Why there was no model to begin with. */
  #notFound: Failure | undefined;
  #waiting = false;
  readonly #slot: Slot;
  readonly #driver: RolloutDriver | undefined;
  /** Why the driver is never started: a wish would wait for ever. */
  #undriven: Failure | undefined;
  #refusal: Failure | undefined;
  #stopped = false;
  readonly #rest: Rest;

  constructor(needs: EdgeAgentNeeds) {
    this.name = needs.spec.name;
    this.#needs = needs;
    this.#spec = needs.spec;
    this.#rest = new Rest(needs.clock, () => this.#resume());
    this.#slot = new Slot({
      name: needs.spec.name,
      store: needs.rollouts?.store,
      variant: needs.spec.model.variant,
      makeRunner: needs.makeRunner,
      alarms: () => this.#prepared?.pipeline.alarms ?? [],
      clock: needs.clock,
      onServing: ({ manifest, variant, loaded }) => this.#prepared?.pipeline.setModel(manifest, variant, loaded),
    });
    const unfit = (manifest: Manifest) =>
      isForAnother(this.#spec.model, manifest) ?? whatDoesNotFit(this.#spec, manifest);
    this.#driver =
      needs.rollouts && new RolloutDriver({ ...needs, ...needs.rollouts, name: this.name, slot: this.#slot, unfit });
    this.#driver?.onChange(() => this.#takeUp());
  }

  /** Reads the model and subscribes. What arrives before the model is loaded waits in the queue. Never rejects. */
  async prepare(): Promise<void> {
    const { models, rollouts } = this.#needs;
    const where = { slot: this.name, spec: this.#spec.model, models, store: rollouts?.store };
    const { manifest, stored, empty } = await findModel(where);
    this.#stored = stored;
    if (!manifest.ok) this.#notFound = manifest.error;
    if (manifest.ok) await this.#listen(manifest.value);
    else if (this.#driver === undefined) this.#refuse(manifest.error);
    else if (empty) this.#waiting = true;
    this.#undriven = this.#refusal;
  }

  /** Makes the data path for a model and subscribes, unless the configuration does not fit it. */
  async #listen(manifest: Manifest): Promise<void> {
    const unfit = whatDoesNotFit(this.#spec, manifest);
    if (unfit !== undefined) return this.#refuse(failure('E_CONFIG_INVALID', unfit));
    const spec = this.#spec;
    const variant = spec.model.variant ?? 'unknown'; // what answers is known when it is loaded: setModel
    const pipeline = new Pipeline({
      ...this.#needs,
      ...{ spec, manifest, variant, runner: this.#slot, metrics: this.metrics },
    });
    this.#prepared = { manifest, pipeline };
    if (this.#rest.asleep) pipeline.pause();
    await pipeline.listen();
  }

  /** Loads the model: from now on there are answers. Never rejects. */
  async load(): Promise<void> {
    if (this.#undriven !== undefined) return;
    const loaded = this.#driver === undefined ? await this.#loadConfigured() : await this.#loadSlot(this.#driver);
    if (!loaded.ok) {
      this.#prepared?.pipeline.pause();
      return this.#refuse(loaded.error);
    }
    const { log } = this.#needs;
    if (this.#prepared === undefined) this.#takeUp();
    else if (this.#slot.model !== undefined)
      log.info({ model: this.#model(), ...this.#slot.model.loaded }, 'agent running');
    if (this.#waiting) log.info({ model: this.modelName }, 'agent waits for its first model');
  }

  async #loadConfigured(): Promise<Result<unknown>> {
    return this.#stored === undefined ? fail('E_MODEL_MISSING') : this.#slot.serveStored(this.#stored);
  }

  /** A slot without a model takes the configured package, by the same way as any other: verified, tested, committed. */
  async #loadSlot(driver: RolloutDriver): Promise<Result<unknown>> {
    const started = await driver.start();
    const { active, state } = driver.status();
    if (!started.ok && FREE.has(state) && isDamage(started.error) && (await this.#isStored(active)))
      return this.#install(driver, 'mend');
    // A rollout that somebody asked for before us brings the first model as well.
    if (!started.ok || active !== undefined || state !== 'idle' || this.#waiting) return started;
    return this.#install(driver, 'first');
  }

  async #install(driver: RolloutDriver, why: 'first' | 'mend'): Promise<Result<unknown>> {
    const source = this.#stored?.source;
    if (source === undefined) return { ok: false, error: this.#notFound ?? failure('E_MODEL_MISSING') };
    const { bootId, clock } = this.#needs;
    const request = { id: `${why}-${bootId}`, source, force: false, requestedAtMs: clock.now() };
    const outcome = await driver.request(request);
    if (!outcome.ok || outcome.value.outcome === 'committed') return outcome;
    return { ok: false, error: { code: outcome.value.code ?? 'E_MODEL_LOAD', message: outcome.value.reason } };
  }

  /** Whether the configured package says of itself that it is that model; its digest is for the driver to judge. */
  async #isStored(ref: SlotRecord['active']): Promise<boolean> {
    if (this.#stored === undefined) {
      const stored = await this.#needs.models.read(this.#spec.model);
      if (stored.ok) this.#stored = stored.value;
    }
    const { name, version } = this.#stored?.manifest ?? {};
    return ref !== undefined && ref.name === name && ref.version === version;
  }

  /** An agent without a model, or without one that works, takes up its work once a rollout has brought one. */
  #takeUp(): void {
    const held = this.#slot.model;
    if (this.#stopped || held === undefined || !this.#slot.ready) return;
    if (this.#prepared !== undefined && this.#refusal === undefined) return;
    this.#refusal = undefined;
    this.#waiting = false;
    this.#needs.log.info({ model: this.#model(), ...held.loaded }, 'agent running');
    if (this.#prepared === undefined)
      void this.#listen(held.manifest).catch((thrown) => this.#refuse(toFailure(thrown)));
    else if (!this.#rest.asleep) this.#prepared.pipeline.resume();
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
    await this.#prepared?.pipeline.stop(this.#refusal === undefined ? deadlineMs : 0);
    await this.#driver?.stop(LEAVE_DEADLINE_MS);
    await this.#slot.stop(Math.max(0, deadlineMs - (clock.monotonic() - startedMs)));
  }

  sleep(untilMs: number | undefined): void {
    if (this.#stopped) return;
    this.#prepared?.pipeline.pause();
    this.#rest.begin(untilMs);
  }

  wake(): void {
    this.#rest.end();
  }

  #resume(): void {
    if (!this.#stopped && this.#refusal === undefined) this.#prepared?.pipeline.resume();
  }

  async infer(values: Float32Array, _key: string | undefined): Promise<Result<Inference>> {
    if (this.#refusal !== undefined) return { ok: false, error: this.#refusal };
    if (this.#waiting) return fail('E_RUNNER_UNAVAILABLE', 'the agent waits for its first model');
    if (this.#prepared === undefined) return fail('E_RUNNER_UNAVAILABLE');
    const { manifest, pipeline } = this.#prepared;
    const { input, output } = manifest;
    const wanted = input.window * input.channels.length;
    if (values.length !== wanted)
      return fail('E_COMMAND_ARGS', `values holds ${values.length} numbers; the model takes ${wanted}`);
    const answer = await pipeline.ask(values);
    if (!answer.ok) return answer;
    const outcome = pipeline.outcomeOf(answer.value);
    if (outcome === undefined) return fail('E_MODEL_CONTRACT', 'the scores are not all finite');
    const scores = Object.fromEntries(output.labels.map((label, index) => [label, answer.value[index] ?? Number.NaN]));
    return ok({ ...outcome, scores });
  }

  /** What the model has against changed decisions; undefined when they can be taken up. */
  objection(decisions: DecisionSpec): string | undefined {
    // A first model is held against whatever decisions there are when it comes.
    if (this.#waiting) return undefined;
    if (this.#prepared === undefined) return `agent ${this.name} is not running`;
    return whatDoesNotFit({ ...this.#spec, decisions }, this.#prepared.manifest);
  }

  /** Takes up changed decisions against which there is no objection. */
  setDecisions(decisions: DecisionSpec): void {
    this.#spec = { ...this.#spec, decisions };
    this.#prepared?.pipeline.setDecisions(decisions);
  }

  setThreshold(rule: string, raise: number, clear: number): Result<void> {
    if (this.#waiting) return fail('E_RUNNER_UNAVAILABLE', `agent ${this.name} waits for its first model`);
    const known = this.#prepared?.pipeline.setThreshold(rule, raise, clear) ?? false;
    return known ? ok(undefined) : fail('E_COMMAND_ARGS', `agent ${this.name} has no alarm rule ${rule}`);
  }

  get rollouts(): RolloutControl | undefined {
    const driver = this.#driver;
    const store = this.#needs.rollouts?.store;
    if (driver === undefined || store === undefined) return undefined;
    const whenPossible = <T>(wish: () => Promise<Result<T>>): Promise<Result<T>> =>
      this.#undriven === undefined ? wish() : Promise.resolve({ ok: false, error: this.#undriven });
    return {
      request: (request) => whenPossible(() => driver.request({ ...request, requestedAtMs: this.#needs.clock.now() })),
      rollBack: (id) => whenPossible(() => driver.rollBack(id)),
      cancel: () => whenPossible(() => driver.cancel()),
      record: () => driver.status(),
      list: () => store.list(this.name),
    };
  }

  get modelName(): string {
    const known = this.#stored?.manifest.name ?? this.#driver?.status().active?.name;
    return nameOfModel(this.#spec.model, known);
  }

  status(): PipelineStatus {
    const runner = this.#slot.stats();
    const { queueDepth = 0, keys = 0, alarmsActive = 0, thresholds = {} } = this.#prepared?.pipeline.look() ?? {};
    return {
      name: this.name,
      state: this.#state(),
      problem: this.#refusal ?? (runner.state === 'restarting' ? runner.lastFailure : undefined),
      sleepUntilMs: this.#rest.untilMs,
      model: this.#model(),
      isolation: this.#needs.spec.runner.isolation,
      runner,
      queueDepth,
      keys,
      alarmsActive,
      thresholds,
      metrics: this.metrics.snapshot(),
    };
  }

  diagnose(): PipelineDiagnosis {
    const look = this.#prepared?.pipeline.look();
    return {
      deadLetters: look?.deadLetters ?? [],
      extra: { ...this.#slot.model?.loaded, batchLimit: look?.batchLimit },
    };
  }

  #model(): PipelineStatus['model'] {
    const held = this.#slot.model;
    if (held === undefined) return undefined;
    const { manifest, variant, loaded } = held;
    return { name: manifest.name, version: manifest.version, variant, provider: loaded.provider };
  }

  #state(): PipelineState {
    if (this.#stopped) return 'stopped';
    if (this.#refusal !== undefined) return 'refused';
    if (this.#waiting) return 'waiting';
    if (this.#slot.model === undefined) return 'starting';
    if (this.#rest.asleep) return 'asleep';
    return this.#slot.ready ? 'running' : 'restarting';
  }
}
