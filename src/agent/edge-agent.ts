import type { AgentSpec } from '../domain/agent-spec.ts';
import { type Failure, fail, failure, ok, type Result } from '../domain/errors.ts';
import type { Bus } from '../ports/bus.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { LoadedModel, ModelRunner } from '../ports/model-runner.ts';
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

export type EdgeAgentNeeds = {
  readonly thing: string;
  readonly bootId: string;
  readonly spec: AgentSpec;
  readonly models: ModelStore;
  readonly runner: ModelRunner;
  readonly bus: Bus;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly mode: () => AgentMode;
};

/** Longest wait of one timer: a sleep until next year takes several. */
const MAX_TIMER_MS = 24 * 3600 * 1000;

/** What is running once the model is loaded. */
type Running = { readonly stored: StoredModel; readonly loaded: LoadedModel; readonly pipeline: Pipeline };

/**
 * One configured agent: its model, its runner, its pipeline, and the handles by which commands and the shadow steer it.
 * An agent that cannot start is `refused` and says why; the others of the device go on.
 */
export class EdgeAgent implements PipelineControl {
  readonly name: string;
  readonly metrics = new Metrics();
  readonly #needs: EdgeAgentNeeds;
  #running: Running | undefined;
  #refusal: Failure | undefined;
  #stopped = false;
  #asleep = false;
  #sleepUntilMs: number | undefined;
  #cancelWake: Cancel = () => {};

  constructor(needs: EdgeAgentNeeds) {
    this.name = needs.spec.name;
    this.#needs = needs;
  }

  /** Loads the model and begins to listen, or ends up refused. Never rejects. */
  async start(): Promise<Result<void>> {
    const started = await this.#load();
    if (!started.ok) {
      this.#refusal = started.error;
      this.#needs.log.error({ code: started.error.code, reason: started.error.message }, 'agent refused');
    }
    return started;
  }

  async #load(): Promise<Result<void>> {
    const { spec, models, runner, log } = this.#needs;
    const stored = await models.read(spec.model);
    if (!stored.ok) return stored;
    const { manifest, variant, bytes } = stored.value;
    const unfit = whatDoesNotFit(spec, stored.value);
    if (unfit !== undefined) return fail('E_CONFIG_INVALID', unfit);

    const label = `${manifest.name}@${manifest.version}/${variant}`;
    const loaded = await runner.start({ label, bytes, input: manifest.input, output: manifest.output });
    if (!loaded.ok) return loaded;
    const pipeline = new Pipeline({ ...this.#needs, manifest, variant, metrics: this.metrics });
    this.#running = { stored: stored.value, loaded: loaded.value, pipeline };
    await pipeline.start(loaded.value);
    if (this.#asleep) pipeline.pause();
    log.info({ model: label, ...loaded.value }, 'agent running');
    return ok(undefined);
  }

  /** Takes in no more, answers what waits, and ends the runner, within `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelWake();
    const { clock, runner } = this.#needs;
    const startedMs = clock.monotonic();
    await this.#running?.pipeline.stop(deadlineMs);
    await runner.stop(Math.max(0, deadlineMs - (clock.monotonic() - startedMs)));
  }

  sleep(untilMs: number | undefined): void {
    this.#asleep = true;
    this.#sleepUntilMs = untilMs;
    this.#running?.pipeline.pause();
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
    if (!this.#stopped) this.#running?.pipeline.listen();
  }

  async infer(values: Float32Array, _key: string | undefined): Promise<Result<Inference>> {
    if (this.#running === undefined) return { ok: false, error: this.#refusal ?? failure('E_RUNNER_UNAVAILABLE') };
    const { stored, pipeline } = this.#running;
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

  setThreshold(rule: string, raise: number, clear: number): Result<void> {
    const known = this.#running?.pipeline.setThreshold(rule, raise, clear) ?? false;
    return known ? ok(undefined) : fail('E_COMMAND_ARGS', `agent ${this.name} has no alarm rule ${rule}`);
  }

  status(): PipelineStatus {
    const runner = this.#needs.runner.stats();
    const { queueDepth = 0, keys = 0, alarmsActive = 0, thresholds = {} } = this.#running?.pipeline.look() ?? {};
    return {
      name: this.name,
      state: this.#state(),
      problem: this.#refusal ?? (runner.state === 'restarting' ? runner.lastFailure : undefined),
      sleepUntilMs: this.#sleepUntilMs,
      model: this.#running && describe(this.#running),
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
    const look = this.#running?.pipeline.look();
    return { deadLetters: look?.deadLetters ?? [], extra: { ...this.#running?.loaded, batchLimit: look?.batchLimit } };
  }

  #state(): PipelineState {
    if (this.#stopped) return 'stopped';
    if (this.#refusal !== undefined) return 'refused';
    if (this.#running === undefined) return 'starting';
    if (this.#asleep) return 'asleep';
    return this.#needs.runner.ready ? 'running' : 'restarting';
  }
}

function describe({ stored, loaded }: Running): PipelineStatus['model'] {
  const { name, version } = stored.manifest;
  return { name, version, variant: stored.variant, provider: loaded.provider };
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
