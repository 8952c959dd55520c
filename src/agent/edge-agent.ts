import type { AgentSpec, DecisionSpec } from '../domain/agent-spec.ts';
import { type Failure, fail, failure, ok, type Result } from '../domain/errors.ts';
import type { Bus } from '../ports/bus.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
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
} from './commands/controls.ts';
import { Metrics } from './metrics.ts';
import { Pipeline } from './pipeline.ts';
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
};

/** Longest wait of one timer: a sleep until next year takes several. */
const MAX_TIMER_MS = 24 * 3600 * 1000;

/**
 * One configured agent: its model, its runner, its pipeline, and the handles by which commands and the shadow steer it.
 * An agent that cannot start is `refused` and says why; the others of the device go on.
 */
export class EdgeAgent implements PipelineControl {
  readonly name: string;
  readonly metrics = new Metrics();
  readonly #needs: EdgeAgentNeeds;
  #prepared: { readonly stored: StoredModel; readonly pipeline: Pipeline } | undefined;
  readonly #slot: Slot;
  #refusal: Failure | undefined;
  #stopped = false;
  #asleep = false;
  #sleepUntilMs: number | undefined;
  #cancelWake: Cancel = () => {};

  constructor(needs: EdgeAgentNeeds) {
    this.name = needs.spec.name;
    this.#needs = needs;
    this.#slot = new Slot({
      name: needs.spec.name,
      store: undefined,
      variant: needs.spec.model.variant,
      makeRunner: needs.makeRunner,
      alarms: () => this.#prepared?.pipeline.alarms ?? [],
      clock: needs.clock,
      onServing: ({ manifest, variant, loaded }) => this.#prepared?.pipeline.setModel(manifest, variant, loaded),
    });
  }

  /** Reads the model and subscribes. What arrives before the model is loaded waits in the queue. Never rejects. */
  async prepare(): Promise<void> {
    const { spec, models } = this.#needs;
    const stored = await models.read(spec.model);
    if (!stored.ok) return this.#refuse(stored.error);
    const unfit = whatDoesNotFit(spec, stored.value);
    if (unfit !== undefined) return this.#refuse(failure('E_CONFIG_INVALID', unfit));
    const pipeline = new Pipeline({ ...this.#needs, ...stored.value, runner: this.#slot, metrics: this.metrics });
    this.#prepared = { stored: stored.value, pipeline };
    await pipeline.listen();
  }

  /** Loads the model: from now on there are answers. Never rejects. */
  async load(): Promise<void> {
    if (this.#prepared === undefined) return;
    const { stored, pipeline } = this.#prepared;
    const loaded = await this.#slot.serveStored(stored);
    if (!loaded.ok) {
      pipeline.pause();
      return this.#refuse(loaded.error);
    }
    const { name, version } = stored.manifest;
    this.#needs.log.info({ model: `${name}@${version}/${stored.variant}`, ...loaded.value }, 'agent running');
  }

  #refuse(why: Failure): void {
    this.#refusal = why;
    this.#needs.log.error({ code: why.code, reason: why.message }, 'agent refused');
  }

  /** Takes in no more, answers what waits, and ends the runner, within `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelWake();
    const { clock } = this.#needs;
    const startedMs = clock.monotonic();
    // What waits for a model that does not load waits in vain.
    await this.#prepared?.pipeline.stop(this.#refusal === undefined ? deadlineMs : 0);
    await this.#slot.stop(Math.max(0, deadlineMs - (clock.monotonic() - startedMs)));
  }

  sleep(untilMs: number | undefined): void {
    if (this.#stopped) return;
    this.#asleep = true;
    this.#sleepUntilMs = untilMs;
    this.#prepared?.pipeline.pause();
    this.#cancelWake();
    if (untilMs !== undefined) this.#wakeAt(untilMs);
  }

  #wakeAt(untilMs: number): void {
    const { clock } = this.#needs;
    const leftMs = untilMs - clock.now();
    if (leftMs <= 0) this.wake();
    else this.#cancelWake = clock.after(Math.min(leftMs, MAX_TIMER_MS), () => this.#wakeAt(untilMs));
  }

  wake(): void {
    this.#cancelWake();
    this.#asleep = false;
    this.#sleepUntilMs = undefined;
    if (!this.#stopped && this.#refusal === undefined) this.#prepared?.pipeline.resume();
  }

  async infer(values: Float32Array, _key: string | undefined): Promise<Result<Inference>> {
    if (this.#refusal !== undefined) return { ok: false, error: this.#refusal };
    if (this.#prepared === undefined) return fail('E_RUNNER_UNAVAILABLE');
    const { stored, pipeline } = this.#prepared;
    const { input, output } = stored.manifest;
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
    return whatDoesNotFit({ ...this.#needs.spec, decisions }, this.#prepared.stored);
  }

  /** Takes up changed decisions against which there is no objection. */
  setDecisions(decisions: DecisionSpec): void {
    this.#prepared?.pipeline.setDecisions(decisions);
  }

  setThreshold(rule: string, raise: number, clear: number): Result<void> {
    const known = this.#prepared?.pipeline.setThreshold(rule, raise, clear) ?? false;
    return known ? ok(undefined) : fail('E_COMMAND_ARGS', `agent ${this.name} has no alarm rule ${rule}`);
  }

  status(): PipelineStatus {
    const runner = this.#slot.stats();
    const { queueDepth = 0, keys = 0, alarmsActive = 0, thresholds = {} } = this.#prepared?.pipeline.look() ?? {};
    return {
      name: this.name,
      state: this.#state(),
      problem: this.#refusal ?? (runner.state === 'restarting' ? runner.lastFailure : undefined),
      sleepUntilMs: this.#sleepUntilMs,
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
    if (this.#asleep) return 'asleep';
    return this.#slot.ready ? 'running' : 'restarting';
  }
}

/** What configuration and model must agree on, and only the two together can tell. */
function whatDoesNotFit(spec: AgentSpec, { manifest }: StoredModel): string | undefined {
  const { labels } = manifest.output;
  const channels = manifest.input.channels.length;
  for (const input of spec.inputs) {
    if (input.values.length > 1 && input.values.length !== channels) {
      return `input ${input.topic} has ${input.values.length} pointers; ${manifest.name} has ${channels} channels (${manifest.input.channels.join(', ')})`;
    }
  }
  for (const rule of spec.decisions.alarms) {
    if (rule.labels === undefined && manifest.task === 'classification') {
      return `alarm ${rule.name} names no labels; ${manifest.name} has ${labels.join(', ')}`;
    }
    const unknown = rule.labels?.find((label) => !labels.includes(label));
    if (unknown !== undefined)
      return `alarm ${rule.name} names the label ${unknown}; ${manifest.name} has ${labels.join(', ')}`;
  }
  return undefined;
}
