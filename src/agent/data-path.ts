import type { AgentSpec, AlarmRule, DecisionSpec } from '../domain/agent-spec.ts';
import { fail, ok, type Result } from '../domain/errors.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { Inference } from './commands/controls.ts';
import { isForAnother } from './find-model.ts';
import { whatDoesNotFit } from './fit.ts';
import { Pipeline, type PipelineNeeds } from './pipeline.ts';
import { contractChange } from './slot/contract-change.ts';
import type { HeldModel } from './slot/held-model.ts';

/** `spec`: as it was configured at the start. */
export type DataPathNeeds = Omit<PipelineNeeds, 'manifest' | 'variant'>;

/**
 * The way of readings through one agent, once there is a model to make it for: until then it hears nothing, and only knows the
 * configuration that models are held against.
 */
export class DataPath {
  readonly #needs: DataPathNeeds;
  /** As configured, with the decisions of the latest reload. */
  #spec: AgentSpec;
  /** What the configuration is held against: the model of the slot, or the configured one. */
  #manifest: Manifest | undefined;
  #pipeline: Pipeline | undefined;

  constructor(needs: DataPathNeeds) {
    this.#needs = needs;
    this.#spec = needs.spec;
  }

  /** Makes the pipeline for a model and subscribes. E_CONFIG_INVALID: the configuration does not fit the model. */
  async open(manifest: Manifest, asleep: boolean): Promise<Result<void>> {
    const spec = this.#spec;
    this.#manifest = manifest;
    const unfit = misfit(spec, manifest);
    if (unfit !== undefined) return fail('E_CONFIG_INVALID', unfit);
    const variant = spec.model.variant ?? 'unknown'; // what answers is known when it is loaded: setModel
    this.#pipeline = new Pipeline({ ...this.#needs, spec, manifest, variant });
    if (asleep) this.pause();
    await this.#pipeline.listen();
    return ok(undefined);
  }

  get isOpen(): boolean {
    return this.#pipeline !== undefined;
  }

  /** What there is against a model. `silent`: nothing answers that it is compared with, but windows and alarms wait here. */
  misfitOf(manifest: Manifest, silent: boolean): string | undefined {
    const before = silent && this.isOpen ? this.#manifest : undefined;
    return misfit(this.#spec, manifest) ?? (before && contractChange(before, manifest));
  }

  /** What the model has against another configuration; undefined where there is nothing, or no model yet. */
  objection(next: AgentSpec): string | undefined {
    return this.#manifest && misfit(next, this.#manifest);
  }

  async infer(values: Float32Array): Promise<Result<Inference>> {
    const manifest = this.#manifest;
    const pipeline = this.#pipeline;
    if (manifest === undefined || pipeline === undefined) return fail('E_RUNNER_UNAVAILABLE');
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

  setModel({ manifest, variant, loaded }: HeldModel): void {
    this.#pipeline?.setModel(manifest, variant, loaded);
  }

  /** Takes up changed decisions against which there is no objection. */
  setDecisions(decisions: DecisionSpec): void {
    this.#spec = { ...this.#spec, decisions };
    this.#pipeline?.setDecisions(decisions);
  }

  /** False: there is no such rule. */
  setThreshold(rule: string, raise: number, clear: number): boolean {
    return this.#pipeline?.setThreshold(rule, raise, clear) ?? false;
  }

  get alarms(): readonly AlarmRule[] {
    return this.#pipeline?.alarms ?? [];
  }

  look(): ReturnType<Pipeline['look']> | undefined {
    return this.#pipeline?.look();
  }

  pause(): void {
    this.#pipeline?.pause();
  }

  resume(): void {
    this.#pipeline?.resume();
  }

  /** Takes in no more, and answers what waits, within `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    await this.#pipeline?.stop(deadlineMs);
  }
}

/** What a configuration and a model have against each other. */
function misfit(spec: AgentSpec, manifest: Manifest): string | undefined {
  return isForAnother(spec.model, manifest) ?? whatDoesNotFit(spec, manifest);
}
