import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRunner } from '../../src/adapters/onnx/create-runner.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { Metrics } from '../../src/agent/metrics.ts';
import { Pipeline } from '../../src/agent/pipeline.ts';
import { Slot } from '../../src/agent/slot/slot.ts';
import { ok } from '../../src/domain/errors.ts';
import type { ModelRunner } from '../../src/ports/model-runner.ts';
import type { StagedPackage } from '../../src/ports/slot-store.ts';
import { FakeBus } from '../fakes/bus.ts';
import { FakeLog } from '../fakes/log.ts';
import { FakeOutbox } from '../fakes/outbox.ts';
import { FakeSlotStore } from '../fakes/slot-store.ts';
import { graph } from '../fixtures/models.ts';
import { digestsOf, refOf } from '../fixtures/packages/package-files.ts';
import { modelPid, runnerOptions } from '../fixtures/runner/options.ts';
import { aManifest, aSpec, THING } from '../unit/agent/specs.ts';

const SLOT = 'press';
const KEYS = ['a', 'b', 'c', 'd'];
const WINDOWS_PER_S = 1_000;
const DEADLINE_MS = 5_000;

/** Each version multiplies by its own factor: an answer tells which model it is of. */
const FACTORS: Readonly<Record<string, number>> = { '1.0.0': 1, '1.1.0': 2 };

/** A slot of real models in processes of their own, under a pipeline. Its sensors count: window i of them all is [i, 0]. */
class Line {
  readonly bus = new FakeBus();
  readonly outbox = new FakeOutbox();
  readonly store = new FakeSlotStore();
  readonly metrics = new Metrics();
  readonly runners: ModelRunner[] = [];
  readonly slot: Slot;
  readonly pipeline: Pipeline;
  sent = 0;
  #streaming = true;

  constructor() {
    this.slot = new Slot({
      name: SLOT,
      store: this.store,
      variant: undefined,
      makeRunner: () => {
        const runner = createRunner(runnerOptions({ deadlineMs: DEADLINE_MS }));
        this.runners.push(runner);
        return runner;
      },
      alarms: () => this.pipeline.alarms,
      clock: systemClock,
      onServing: ({ manifest, variant, loaded }) => this.pipeline.setModel(manifest, variant, loaded),
    });
    this.pipeline = new Pipeline({
      thing: THING,
      bootId: 'boot',
      spec: aSpec({ batch: { max: 32, waitMs: 0 }, queue: { max: 100_000 }, decisions: { alarms: [] } }),
      manifest: aManifest(),
      variant: 'small',
      bus: this.bus,
      outbox: this.outbox,
      runner: this.slot,
      clock: systemClock,
      log: new FakeLog(),
      metrics: this.metrics,
      mode: () => 'active',
    });
  }

  async start(): Promise<void> {
    await this.outbox.start();
    await this.pipeline.listen();
    await this.bus.start();
    assert.deepEqual(await this.slot.serve((await this.stage('1.0.0')).ref), ok(undefined));
  }

  async stop(): Promise<void> {
    this.#streaming = false;
    await this.slot.stop(1_000);
  }

  async stage(version: string): Promise<StagedPackage> {
    const bytes = Buffer.from(multiply(FACTORS[version] ?? 0));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const small = { id: 'small', file: 'small.onnx', size: 'small', precision: 'fp32', bytes: bytes.length, sha256 };
    const golden = [{ name: 'one', input: [1, 0], scores: { small: [FACTORS[version]] } }];
    const files = new Map([
      ['manifest.json', Buffer.from(JSON.stringify({ ...aManifest(), version, variants: [small] }))],
      ['golden.json', Buffer.from(JSON.stringify(golden))],
      ['small.onnx', bytes],
    ]);
    this.store.sources.set(version, files);
    const staged = await this.store.stage(SLOT, version, refOf(files), digestsOf(files));
    assert.ok(staged.ok, JSON.stringify(staged));
    return staged.value;
  }

  /** Sends readings at an even rate until `act` is through, and waits for the answers to all of them. */
  async streamWhile(act: () => Promise<void>): Promise<void> {
    const acting = act().finally(() => {
      this.#streaming = false;
    });
    const startedMs = performance.now();
    while (this.#streaming) {
      const due = ((performance.now() - startedMs) * WINDOWS_PER_S) / 1_000;
      while (this.sent < due) this.#send();
      await sleep(5);
    }
    await acting;
    await until(() => this.answers.length >= this.sent);
  }

  #send(): void {
    const key = KEYS[this.sent % KEYS.length];
    this.bus.hub.publish({ topic: `sensors/${key}/v`, payload: JSON.stringify([this.sent, 0]) });
    this.sent++;
  }

  get answers(): readonly { key: string; window: number; version: string }[] {
    return this.bus.hub.on('dt/#').map(({ payload }) => {
      const { key, outcome, model } = JSON.parse(String(payload)).data;
      return { key, window: outcome.score / (FACTORS[model.version] ?? 0), version: model.version };
    });
  }

  async answersOf(version: string): Promise<void> {
    const before = this.answers.length;
    await until(() => this.answers.slice(before).some((answer) => answer.version === version));
  }
}

/** sum = factor x (first + second sample). */
function multiply(factor: number): Uint8Array {
  const weights = { name: 'w', dims: [2, 1], values: new Float32Array([factor, factor]) };
  const nodes = [{ opType: 'MatMul', input: ['window', 'w'], output: ['sum'] }];
  return graph([{ name: 'window', dims: ['n', 2] }], [{ name: 'sum', dims: ['n', 1] }], nodes, [weights]);
}

async function until(isTrue: () => boolean): Promise<void> {
  for (const lateMs = performance.now() + 10_000; !isTrue(); await sleep(10)) {
    assert.ok(performance.now() < lateMs, 'waited in vain');
  }
}

describe('a slot of real models under 1,000 windows a second', function () {
  this.timeout(60_000);
  let line: Line;

  beforeEach(async () => {
    line = new Line();
    await line.start();
  });

  afterEach(() => line.stop());

  /** Every window was answered once, by the model that its result names, in the order of its key. */
  function assertNothingLost(): void {
    const { windowsFailed, windowsDropped } = line.metrics.snapshot().counts;
    assert.deepEqual({ windowsFailed, windowsDropped }, { windowsFailed: 0, windowsDropped: 0 });
    assert.equal(line.answers.length, line.sent);
    for (const [index, key] of KEYS.entries()) {
      const windows = line.answers.filter((answer) => answer.key === key).map(({ window }) => window);
      assert.deepEqual(
        windows,
        windows.map((_, i) => i * KEYS.length + index),
      );
    }
  }

  it('tries a model, swaps it in, watches it and goes back, and loses nothing', async () => {
    const staged = await line.stage('1.1.0');
    const old = await line.stage('1.0.0');
    await line.streamWhile(async () => {
      await line.answersOf('1.0.0');
      assert.equal((await line.slot.loadCandidate(staged.ref, staged)).ok, true);
      const tested = await line.slot.testCandidate();
      assert.ok(tested.ok);
      assert.deepEqual([tested.value.goldenDifference, tested.value.runs], [0, 200]);
      assert.ok(tested.value.peakBytes > 1e6);

      line.slot.startCanary();
      await until(() => line.slot.canaryFigures().paired.windows > 50);
      line.slot.stopCanary();
      assert.deepEqual(await line.slot.swap(), ok(undefined));
      await line.answersOf('1.1.0');

      await line.slot.startWatch(staged.ref, old.ref);
      await until(() => (line.slot.watchFigures().paired?.windows ?? 0) > 50);
      line.slot.stopWatch();
      assert.deepEqual(await line.slot.rollBack(old.ref), ok(undefined));
      await line.answersOf('1.0.0');
      await sleep(500);
    });
    assertNothingLost();
    assert.deepEqual(
      [...new Set(line.answers.map(({ version }) => version))],
      ['1.0.0', '1.1.0'],
      'both have answered',
    );
    const [first, second] = line.runners.map((runner) => runner.stats().pid !== undefined && runner.ready);
    assert.deepEqual([first, second], [true, false]);
  });

  it('swaps to and fro ten times, and loses nothing', async () => {
    const [a, b] = [await line.stage('1.0.0'), await line.stage('1.1.0')];
    await line.streamWhile(async () => {
      for (const staged of [b, a, b, a, b, a, b, a, b, a]) {
        assert.equal((await line.slot.loadCandidate(staged.ref, staged)).ok, true);
        assert.deepEqual(await line.slot.swap(), ok(undefined));
        await line.answersOf(staged.ref.version);
        await line.slot.dropPrevious();
      }
    });
    assertNothingLost();
    assert.equal(line.runners.filter((runner) => runner.ready).length, 1);
  });

  it('goes back at once from a model whose process hangs, and the old one does its batch again', async () => {
    const [old, bad] = [await line.stage('1.0.0'), await line.stage('1.1.0')];
    let backMs = Number.POSITIVE_INFINITY;
    await line.streamWhile(async () => {
      assert.equal((await line.slot.loadCandidate(bad.ref, bad)).ok, true);
      assert.deepEqual(await line.slot.swap(), ok(undefined));
      await line.answersOf('1.1.0');
      const runner = line.runners.at(-1);
      assert.ok(runner !== undefined);
      process.kill(modelPid(runner), 'SIGSTOP');
      await sleep(200);
      const startedMs = performance.now();
      const back = line.slot.rollBack(old.ref);
      await line.answersOf('1.0.0');
      backMs = performance.now() - startedMs;
      assert.deepEqual(await back, ok(undefined));
    });
    assertNothingLost();
    assert.ok(backMs < DEADLINE_MS / 5, `${backMs} ms`);
  });

  it('is not touched by a candidate that is killed in its canary, nor by one that hangs', async () => {
    const staged = await line.stage('1.1.0');
    await line.streamWhile(async () => {
      for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
        assert.equal((await line.slot.loadCandidate(staged.ref, staged)).ok, true);
        line.slot.startCanary();
        await until(() => line.slot.canaryFigures().paired.windows > 10);
        const runner = line.runners.at(-1);
        assert.ok(runner !== undefined);
        process.kill(modelPid(runner), signal);
        await line.answersOf('1.0.0');
        await sleep(100);
        if (signal === 'SIGKILL') assert.equal(line.slot.canaryFigures().candidate.restarts, 1);
        await line.slot.dropCandidate();
      }
    });
    assertNothingLost();
    assert.deepEqual([...new Set(line.answers.map(({ version }) => version))], ['1.0.0']);
  });
});
