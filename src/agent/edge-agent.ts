import type { AgentSpec, DecisionSpec } from '../domain/agent-spec.ts';
import { type Failure, fail, failure, ok, type Result } from '../domain/errors.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { Bus } from '../ports/bus.ts';
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
import { whatDoesNotFit } from './fit.ts';
import { Metrics } from './metrics.ts';
import { Pipeline } from './pipeline.ts';
import { Rest } from './rest.ts';
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
  readonly bus: Bus;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: () => AgentMode;
  /** Undefined: the model comes with the agent only. */
  readonly rollouts: RolloutNeeds | undefined;
};

/** What all slots of a device share. */
export type RolloutNeeds = Pick<EffectNeeds, 'store' | 'verifier' | 'audit' | 'groups' | 'timeFloor'>;

type Prepared = { readonly manifest: Manifest; readonly pipeline: Pipeline; readonly stored?: StoredModel };

/** Calling off a rollout is one save of its record. */
const LEAVE_DEADLINE_MS = 1_000;

/**
 * One configured agent: its model, its runner, its pipeline, and the handles by which commands and the shadow steer it.
 * An agent that cannot start is `refused` and says why; the others of the device go on.
 */
export class EdgeAgent implements PipelineControl {
  readonly name: string;
  readonly metrics = new Metrics();
  readonly #needs: EdgeAgentNeeds;
  #prepared: Prepared | undefined;
  readonly #slot: Slot;
  readonly #driver: RolloutDriver | undefined;
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
      alarms: () => this.#prepared?.pipeline.alarms ?? [],
      clock: needs.clock,
      onServing: ({ manifest, variant, loaded }) => this.#prepared?.pipeline.setModel(manifest, variant, loaded),
    });
    this.#driver =
      needs.rollouts && new RolloutDriver({ ...needs, ...needs.rollouts, name: this.name, slot: this.#slot });
    this.#driver?.onChange(() => this.#recover());
  }

  /** Reads the model and subscribes. What arrives before the model is loaded waits in the queue. Never rejects. */
  async prepare(): Promise<void> {
    const { spec } = this.#needs;
    const model = await this.#readModel();
    if (!model.ok) return this.#refuse(model.error);
    const { manifest } = model.value;
    const unfit = whatDoesNotFit(spec, manifest);
    if (unfit !== undefined) return this.#refuse(failure('E_CONFIG_INVALID', unfit));
    const variant = spec.model.variant ?? 'unknown'; // what answers is known when it is loaded: setModel
    const pipeline = new Pipeline({ ...this.#needs, manifest, variant, runner: this.#slot, metrics: this.metrics });
    this.#prepared = { manifest, pipeline, ...(model.value.stored && { stored: model.value.stored }) };
    await pipeline.listen();
  }

  /** The active model of the slot, where rollouts have left one; else the configured package. */
  async #readModel(): Promise<Result<{ manifest: Manifest; stored: StoredModel | undefined }>> {
    const { spec, models, rollouts } = this.#needs;
    const record = await rollouts?.store.load(this.name);
    if (record?.ok === false) return record;
    const active = record?.value?.active;
    if (rollouts !== undefined && active !== undefined) {
      const opened = await rollouts.store.open(this.name, active);
      if (opened.ok) return ok({ manifest: opened.value.manifest, stored: undefined });
    }
    const stored = await models.read(spec.model);
    return stored.ok ? ok({ manifest: stored.value.manifest, stored: stored.value }) : stored;
  }

  /** Loads the model: from now on there are answers. Never rejects. */
  async load(): Promise<void> {
    if (this.#prepared === undefined) return;
    const loaded = this.#driver === undefined ? await this.#loadConfigured() : await this.#loadSlot(this.#driver);
    if (!loaded.ok) {
      this.#prepared.pipeline.pause();
      return this.#refuse(loaded.error);
    }
    this.#needs.log.info({ model: this.#model(), ...this.#slot.model?.loaded }, 'agent running');
  }

  async #loadConfigured(): Promise<Result<unknown>> {
    const stored = this.#prepared?.stored;
    return stored === undefined ? fail('E_MODEL_MISSING') : this.#slot.serveStored(stored);
  }

  /** A slot without a model takes the configured package, by the same way as any other: verified, tested, committed. */
  async #loadSlot(driver: RolloutDriver): Promise<Result<unknown>> {
    const started = await driver.start();
    const { active, state } = driver.status();
    // A rollout that somebody asked for before us brings the first model as well.
    if (!started.ok || active !== undefined || state !== 'idle') return started;
    const source = this.#prepared?.stored?.source;
    if (source === undefined) return fail('E_MODEL_MISSING');
    const { bootId, clock } = this.#needs;
    const request = { id: `first-${bootId}`, source, force: false, requestedAtMs: clock.now() };
    const outcome = await driver.request(request);
    if (!outcome.ok || outcome.value.outcome === 'committed') return outcome;
    return { ok: false, error: { code: outcome.value.code ?? 'E_MODEL_LOAD', message: outcome.value.reason } };
  }

  /** An agent without a model that works takes up its work once a rollout has brought one. */
  #recover(): void {
    if (this.#refusal === undefined || this.#stopped || !this.#slot.ready) return;
    this.#refusal = undefined;
    if (!this.#rest.asleep) this.#prepared?.pipeline.resume();
    this.#needs.log.info({ model: this.#model() }, 'agent running');
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
    if (this.#prepared === undefined) return `agent ${this.name} is not running`;
    return whatDoesNotFit({ ...this.#needs.spec, decisions }, this.#prepared.manifest);
  }

  /** Takes up changed decisions against which there is no objection. */
  setDecisions(decisions: DecisionSpec): void {
    this.#prepared?.pipeline.setDecisions(decisions);
  }

  setThreshold(rule: string, raise: number, clear: number): Result<void> {
    const known = this.#prepared?.pipeline.setThreshold(rule, raise, clear) ?? false;
    return known ? ok(undefined) : fail('E_COMMAND_ARGS', `agent ${this.name} has no alarm rule ${rule}`);
  }

  get rollouts(): RolloutControl | undefined {
    const driver = this.#driver;
    const store = this.#needs.rollouts?.store;
    if (driver === undefined || store === undefined) return undefined;
    // A driver that was never started would keep a wish for ever; one that was may bring the cure.
    const whenPossible = <T>(wish: () => Promise<Result<T>>): Promise<Result<T>> =>
      this.#prepared === undefined && this.#refusal !== undefined
        ? Promise.resolve({ ok: false, error: this.#refusal })
        : wish();
    return {
      request: (request) => whenPossible(() => driver.request({ ...request, requestedAtMs: this.#needs.clock.now() })),
      rollBack: (id) => whenPossible(() => driver.rollBack(id)),
      cancel: () => whenPossible(() => driver.cancel()),
      record: () => driver.status(),
      list: () => store.list(this.name),
    };
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
    if (this.#slot.model === undefined) return 'starting';
    if (this.#rest.asleep) return 'asleep';
    return this.#slot.ready ? 'running' : 'restarting';
  }
}
