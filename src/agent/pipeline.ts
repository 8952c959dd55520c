import type { AgentSpec, AlarmRule, DecisionSpec } from '../domain/agent-spec.ts';
import type { AlarmChange, Outcome } from '../domain/decision.ts';
import { fail, type Result } from '../domain/errors.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { BadInput, Window } from '../domain/reading.ts';
import { batchLimit } from '../flow/batch-limit.ts';
import { UNCERTAIN } from '../flow/decide.ts';
import { type Arrival, type Decode, makeDecoder } from '../flow/decode.ts';
import { packBatch } from '../flow/tensor.ts';
import { compileTopic, type TopicTemplate } from '../flow/topic.ts';
import { Windower } from '../flow/window.ts';
import { WindowQueue } from '../flow/window-queue.ts';
import type { Incoming, Messaging } from '../ports/bus.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { LoadedModel, ModelRunner } from '../ports/model-runner.ts';
import type { Outbox } from '../ports/outbox.ts';
import type { AgentMode } from './commands/controls.ts';
import { DeadLetters } from './dead-letters.ts';
import { Decisions } from './decisions.ts';
import type { Metrics } from './metrics.ts';
import { type Answer, Results } from './results.ts';
import { within } from './within.ts';

/** Windows that commands may have waiting for the runner. */
const MAX_ASKED = 8;

type Asked = { readonly samples: Float32Array; readonly answer: (scores: Result<Float32Array>) => void };

export type PipelineNeeds = {
  readonly thing: string;
  /** Differs at every start, so that result ids never repeat. */
  readonly bootId: string;
  readonly spec: AgentSpec;
  readonly manifest: Manifest;
  readonly variant: string;
  readonly bus: Messaging;
  readonly outbox: Outbox;
  readonly runner: ModelRunner;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** `observe` decides and reports, and sends nothing to actuators. */
  readonly mode: () => AgentMode;
};

/**
 * The data path of one agent. Every message takes these steps, and each step is a file in flow/ or a port:
 *
 *   bus -> decode -> window -> queue -> batch -> runner -> decide -> encode -> bus (results) or outbox (alarms) -> bus
 *
 * `#receive` takes a message as far as the queue; `#serve` takes what waits there through the model, one batch at a
 * time; `#conclude` turns scores into what leaves the device.
 */
export class Pipeline {
  readonly #needs: PipelineNeeds;
  readonly #windower: Windower;
  readonly #queue: WindowQueue;
  readonly #decisions: Decisions;
  readonly #resultTopic: TopicTemplate;
  readonly #deadLetters = new DeadLetters();
  readonly #tensor: Float32Array;
  #batchLimit: number;
  #accepting = true;
  #scheduled = false;
  #serving = false;
  #answered = 0;
  #asked: Asked[] = [];
  #pauses: (() => void)[] = [];
  readonly #results: Results;
  #stopListening: () => void = () => {};

  constructor(needs: PipelineNeeds) {
    const { spec, manifest, thing } = needs;
    const { input } = manifest;
    const channels = input.channels.length;
    const { gapMs, maxKeys } = spec.window;
    this.#needs = needs;
    this.#windower = new Windower({
      size: input.window,
      hop: spec.window.hop ?? input.hop,
      channels,
      gapMs,
      maxKeys,
      onEvent: (event) => needs.metrics.inc(event),
    });
    this.#queue = new WindowQueue(spec.queue.max);
    this.#tensor = new Float32Array(spec.batch.max * input.window * channels);
    this.#batchLimit = spec.batch.max;
    this.#decisions = new Decisions(needs);
    this.#results = new Results({ ...needs, how: spec.outputs.results });
    this.#resultTopic = compileTopic(spec.outputs.resultTopic, { thing, agent: spec.name });
  }

  /** Takes up the alarms of the last run and subscribes. Windows wait in the queue until the runner is ready. */
  async listen(): Promise<void> {
    const { spec, manifest, bus, runner } = this.#needs;
    await this.#decisions.resume();
    this.#stopListening = runner.onReady(() => void this.#serve());
    for (const input of spec.inputs) {
      const decode = makeDecoder(input, manifest.input.channels.length);
      bus.subscribe(input.topic, input.qos, (message) => this.#receive(decode, message));
    }
  }

  /**
   * Another model answers from the next batch on; it has the same input and labels. Called between two batches: windows,
   * votes and alarms carry over.
   */
  setModel(manifest: Manifest, variant: string, loaded: LoadedModel): void {
    this.#batchLimit = batchLimit(loaded, this.#needs.spec.batch.max);
    this.#decisions.setModel(manifest, variant);
    void this.#serve();
  }

  #receive(decode: Decode, message: Incoming): void {
    const { clock, metrics } = this.#needs;
    metrics.inc('messages');
    if (!this.#accepting) {
      metrics.inc('asleepReadings');
      return;
    }
    const arrival = { wallMs: clock.now(), monotonicMs: clock.monotonic() };
    const bad = this.#admit(decode, message, arrival);
    if (bad === undefined) return;
    metrics.bad(bad);
    this.#deadLetters.add(bad, message.topic, message.payload, arrival);
  }

  #admit(decode: Decode, message: Incoming, arrival: Arrival): BadInput | undefined {
    const { metrics } = this.#needs;
    const reading = decode(message.topic, message.payload, arrival);
    if (typeof reading === 'string') return reading;

    const windows: Window[] = [];
    const late = this.#windower.push(reading, arrival.monotonicMs, windows);
    if (late !== undefined) return late;
    metrics.inc('readings');
    if (windows.length === 0) return undefined;

    metrics.inc('windows', windows.length);
    for (const window of windows) if (this.#queue.push(window)) metrics.inc('windowsDropped');
    this.#serveSoon();
    return undefined;
  }

  /** Batches what this turn of the event loop holds; waits for more only where the configuration says so. */
  #serveSoon(): void {
    if (this.#scheduled || this.#serving) return;
    this.#scheduled = true;
    const serve = () => {
      this.#scheduled = false;
      void this.#serve();
    };
    const { clock, spec } = this.#needs;
    if (spec.batch.waitMs === 0) clock.soon(serve);
    else clock.after(spec.batch.waitMs, serve);
  }

  /** One run after another until nothing waits, commands first. What arrives while one runs is in the next. */
  async #serve(): Promise<void> {
    if (this.#serving) return;
    this.#serving = true;
    const { runner } = this.#needs;
    while (runner.ready && this.#asked.length + this.#queue.length > 0) {
      const asked = this.#asked.shift();
      if (asked === undefined) await this.#serveBatch();
      else asked.answer(await runner.run(asked.samples, 1));
    }
    this.#serving = false;
    if (this.#queue.length === 0) for (const resolve of this.#pauses.splice(0)) resolve();
  }

  async #serveBatch(): Promise<void> {
    const { runner, metrics } = this.#needs;
    const windows = this.#queue.take(this.#batchLimit);
    const scores = await runner.run(packBatch(windows, this.#tensor), windows.length);
    metrics.inc('batches');
    if (scores.ok) this.#conclude(windows, scores.value);
    else metrics.inc('windowsFailed', windows.length);
  }

  #conclude(windows: readonly Window[], scores: Float32Array): void {
    const { clock, metrics } = this.#needs;
    const nowMs = clock.now();
    const monotonicMs = clock.monotonic();
    const results: Answer[] = [];
    const changes: AlarmChange[] = [];
    for (const [row, window] of windows.entries()) {
      const outcome = this.#decisions.decide(window.key, scores, row, nowMs, changes);
      if (outcome === undefined) {
        metrics.inc('windowsFailed');
        continue;
      }
      metrics.inc('inferences');
      if (outcome.label === UNCERTAIN) metrics.inc('uncertain');
      const latencyMs = monotonicMs - window.arrivedMs;
      metrics.latency(latencyMs);
      const id = `${this.#needs.bootId}-${(this.#answered++).toString(36)}`;
      const payload = this.#decisions.encode(id, window, outcome, latencyMs);
      results.push({ id, topic: this.#resultTopic(window.key), payload });
    }
    for (const change of changes) this.#results.awaitWith(this.#decisions.announce(change));
    this.#results.publish(results);
  }

  /** Runs one window of a command, before those of the sensors, and leaves windows, decisions and alarms alone. */
  ask(samples: Float32Array): Promise<Result<Float32Array>> {
    const { runner } = this.#needs;
    if (!runner.ready) return Promise.resolve(fail('E_RUNNER_UNAVAILABLE'));
    if (this.#asked.length >= MAX_ASKED)
      return Promise.resolve(fail('E_COMMAND_FAILED', `${MAX_ASKED} windows of commands are waiting already`));
    return new Promise((answer) => {
      this.#asked.push({ samples, answer });
      this.#serveSoon();
    });
  }

  /** Looks at no message until `resume` is called; what was taken in already is answered. */
  pause(): void {
    this.#accepting = false;
  }

  resume(): void {
    this.#accepting = true;
  }

  /** Takes in no more, and answers what waits, within `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.pause();
    const empty = new Promise<void>((resolve) => this.#pauses.push(resolve));
    void this.#serve();
    // Who stops next is the sender, and it sees only what is on disk.
    const done = empty.then(() => this.#results.settled());
    await within(this.#needs.clock, deadlineMs, done);
    this.#stopListening();
    for (const { answer } of this.#asked.splice(0)) answer(fail('E_RUNNER_UNAVAILABLE', 'the agent is stopping'));
  }

  /** Decides by other rules from the next window on. */
  setDecisions(decisions: DecisionSpec): void {
    this.#decisions.setRules(decisions);
  }

  setThreshold(rule: string, raise: number, clear: number): boolean {
    return this.#decisions.setThreshold(rule, raise, clear);
  }

  get alarms(): readonly AlarmRule[] {
    return this.#decisions.alarms;
  }

  /** Reads the outcome of one row of scores; undefined where they are not all finite. */
  outcomeOf(scores: Float32Array): Outcome | undefined {
    return this.#decisions.outcomeOf(scores);
  }

  /** What it holds right now. */
  look() {
    return {
      queueDepth: this.#queue.length,
      keys: this.#windower.keys,
      ...this.#decisions.look(),
      deadLetters: this.#deadLetters.list(),
      batchLimit: this.#batchLimit,
    };
  }
}
