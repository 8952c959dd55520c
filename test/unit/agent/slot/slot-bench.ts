import assert from 'node:assert/strict';
import { Metrics } from '../../../../src/agent/metrics.ts';
import { Pipeline } from '../../../../src/agent/pipeline.ts';
import { Slot } from '../../../../src/agent/slot/slot.ts';
import type { AgentSpec } from '../../../../src/domain/agent-spec.ts';
import { type Failure, ok, type Result } from '../../../../src/domain/errors.ts';
import type { Manifest } from '../../../../src/domain/manifest.ts';
import type { ModelRef } from '../../../../src/domain/rollout.ts';
import type { LoadedModel, ModelToLoad, RunnerStats } from '../../../../src/ports/model-runner.ts';
import type { StagedPackage } from '../../../../src/ports/slot-store.ts';
import { FakeBus } from '../../../fakes/bus.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { FakeLog } from '../../../fakes/log.ts';
import { FakeOutbox } from '../../../fakes/outbox.ts';
import { FakeRunner } from '../../../fakes/runner.ts';
import { FakeSlotStore } from '../../../fakes/slot-store.ts';
import { digestsOf, packageFiles, refOf } from '../../../fixtures/packages/package-files.ts';
import { aManifest, aSpec, THING } from '../specs.ts';

const SLOT = 'press';

/** How the model of one version behaves. */
export type Script = {
  readonly score?: (window: Float32Array, labels: number) => ArrayLike<number>;
  readonly loaded?: Partial<LoadedModel>;
  readonly startFailure?: Failure;
  /** Its load takes until this resolves. */
  readonly loading?: Promise<void>;
};

/** A clock that a model can hold up in the middle of a run. */
export class TickingClock extends FakeClock {
  #spentMs = 0;

  spend(ms: number): void {
    this.#spentMs += ms;
  }

  override monotonic(): number {
    return super.monotonic() + this.#spentMs;
  }
}

/** A fake runner that answers as the version that it was given to load, and remembers what it was shown. */
export class ScriptedRunner extends FakeRunner {
  version = '';
  rssBytes = 0;
  /** First samples of the windows that it was shown, run by run. */
  readonly shown: number[][] = [];
  /** It was given a second run while one was in flight. */
  overrun = false;
  readonly #listeners = new Set<(ready: boolean) => void>();
  readonly #scripts: ReadonlyMap<string, Script>;

  constructor(scripts: ReadonlyMap<string, Script>) {
    super({ score: (window, labels) => (this.#script.score ?? sum)(window, labels) });
    this.#scripts = scripts;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  get #script(): Script {
    return this.#scripts.get(this.version) ?? {};
  }

  override async start(model: ModelToLoad): Promise<Result<LoadedModel>> {
    this.version = /@(.*)\//.exec(model.label)?.[1] ?? '';
    await this.#script.loading;
    const { startFailure } = this.#script;
    if (startFailure !== undefined) return { ok: false, error: startFailure };
    const started = await super.start(model);
    return started.ok ? ok({ ...started.value, ...this.#script.loaded }) : started;
  }

  override run(batch: Float32Array, count: number): Promise<Result<Float32Array>> {
    const width = batch.length / count;
    const row = Array.from({ length: count }, (_, i) => batch[i * width] as number);
    this.overrun ||= this.running;
    const running = super.run(batch, count);
    this.shown.push(row);
    return running;
  }

  override onReady(listener: (ready: boolean) => void): () => void {
    this.#listeners.add(listener);
    const deaf = super.onReady(listener);
    return () => {
      this.#listeners.delete(listener);
      deaf();
    };
  }

  override stats(): RunnerStats {
    return { ...super.stats(), rssBytes: this.rssBytes };
  }
}

type BenchOptions = {
  readonly spec?: Parameters<typeof aSpec>[0];
  readonly manifest?: Partial<Manifest>;
  readonly scripts?: Readonly<Record<string, Script>>;
};

/** A slot between a store, a real pipeline and scripted models. The models of all versions add two samples, if not told otherwise. */
export class SlotBench {
  readonly clock = new TickingClock();
  readonly store = new FakeSlotStore();
  readonly bus = new FakeBus();
  readonly outbox = new FakeOutbox();
  readonly metrics = new Metrics();
  /** Every runner that was made, in order. */
  readonly runners: ScriptedRunner[] = [];
  /** Versions that began to answer. */
  readonly served: string[] = [];
  readonly slot: Slot;
  readonly pipeline: Pipeline;
  readonly spec: AgentSpec;
  readonly #scripts: Map<string, Script>;
  readonly #manifest: Partial<Manifest>;

  constructor({ spec, manifest = {}, scripts = {} }: BenchOptions = {}) {
    this.#scripts = new Map(Object.entries(scripts));
    this.#manifest = manifest;
    this.spec = aSpec(spec);
    this.slot = new Slot({
      name: SLOT,
      store: this.store,
      variant: undefined,
      makeRunner: () => {
        const runner = new ScriptedRunner(this.#scripts);
        this.runners.push(runner);
        return runner;
      },
      alarms: () => this.pipeline.alarms,
      clock: this.clock,
      onServing: ({ manifest: { version }, manifest: now, variant, loaded }) => {
        this.served.push(version);
        this.pipeline.setModel(now, variant, loaded);
      },
    });
    this.pipeline = new Pipeline({
      thing: THING,
      bootId: 'boot',
      spec: this.spec,
      manifest: aManifest(manifest),
      variant: 'small',
      bus: this.bus,
      outbox: this.outbox,
      runner: this.slot,
      clock: this.clock,
      log: new FakeLog(),
      metrics: this.metrics,
      mode: () => 'active',
    });
  }

  /** A bench whose slot answers with 1.0.0. */
  static async start(options: BenchOptions = {}): Promise<SlotBench> {
    const bench = new SlotBench(options);
    await bench.outbox.start();
    await bench.pipeline.listen();
    await bench.bus.start();
    const { ref } = await bench.stage('1.0.0');
    assert.deepEqual(await bench.slot.serve(ref), ok(undefined));
    await bench.settle();
    return bench;
  }

  /** Lets a version behave otherwise from its next load on. */
  script(version: string, script: Script): void {
    this.#scripts.set(version, script);
  }

  /** Puts a version into the store. */
  async stage(version: string, change: Partial<Manifest> = {}): Promise<StagedPackage> {
    const { variants: _, ...manifest } = aManifest({ ...this.#manifest, ...change });
    const { input, output } = manifest;
    const values = new Array<number>(input.window * input.channels.length).fill(0);
    const scores = new Array<number>(output.labels.length).fill(0);
    const golden = [{ name: 'rest', input: values, scores: { small: scores, large: scores } }];
    const files = new Map([
      ...packageFiles(version, manifest).entries(),
      ['golden.json', Buffer.from(JSON.stringify(golden))],
    ]);
    files.set(
      'manifest.json',
      Buffer.from(JSON.stringify({ ...JSON.parse(String(files.get('manifest.json'))), version })),
    );
    this.store.sources.set(version, files);
    const staged = await this.store.stage(SLOT, version, refOf(files), digestsOf(files));
    assert.ok(staged.ok, JSON.stringify(staged));
    return staged.value;
  }

  /** Puts a version into the store, and loads it as the candidate. */
  async candidate(version = '1.1.0', change: Partial<Manifest> = {}): Promise<ModelRef> {
    const staged = await this.stage(version, change);
    const loaded = await this.slot.loadCandidate(staged.ref, staged);
    assert.ok(loaded.ok, JSON.stringify(loaded));
    return staged.ref;
  }

  /** Swaps in a candidate of this version. */
  async swapTo(version = '1.1.0'): Promise<ModelRef> {
    const ref = await this.candidate(version);
    assert.deepEqual(await this.slot.swap(), ok(undefined));
    return ref;
  }

  ref(version: string): Promise<ModelRef> {
    return this.stage(version).then(({ ref }) => ref);
  }

  /** The latest runner of this version. */
  runner(version: string): ScriptedRunner {
    const found = this.runners.findLast((runner) => runner.version === version);
    assert.ok(found !== undefined, `no runner of ${version}`);
    return found;
  }

  /** Versions whose runners are up. */
  get running(): string {
    const up = this.runners.filter((runner) => runner.stats().state !== 'stopped');
    return up.map(({ version }) => version).join(' ');
  }

  /** Publishes readings of a sensor, all within this turn of the event loop. Two samples are one window. */
  send(key: string, ...values: readonly number[]): void {
    for (const value of values)
      this.bus.hub.publish({ topic: `sensors/${key}/v`, payload: JSON.stringify([value, 0]) });
  }

  async see(key: string, ...values: readonly number[]): Promise<void> {
    this.send(key, ...values);
    await this.settle();
  }

  async settle(): Promise<void> {
    await this.bus.settled();
    for (let turn = 0; turn < 10; turn++) await this.clock.advance(0);
    assert.ok(!this.runners.some(({ overrun }) => overrun), 'one run at a time');
  }

  /** The results that left so far: key, score, version of the model. */
  get results(): string {
    const events = this.bus.hub.on('dt/#').map(({ payload }) => JSON.parse(String(payload)).data);
    return events.map(({ key, outcome, model }) => `${key}${outcome.score}@${model.version}`).join(' ');
  }

  /** The alarms that wait in the outbox: what happened, by which version of the model. */
  get alarms(): string {
    const events = this.outbox.next(0, 100).map(({ payload }) => JSON.parse(String(payload)));
    return events.map(({ type, data }) => `${type.split('.').at(-2)}@${data.model.version}`).join(' ');
  }

  get failedWindows(): number {
    return this.metrics.snapshot().counts.windowsFailed;
  }
}

function sum(window: Float32Array, labels: number): number[] {
  const total = window.reduce((a, b) => a + b, 0);
  return Array.from({ length: labels }, (_, i) => total * (i + 1));
}

/** A model whose answer is so many times the sum of the window. */
export function times(factor: number): Script {
  return { score: (window) => [factor * window.reduce((a, b) => a + b, 0)] };
}
