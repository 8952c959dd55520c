import assert from 'node:assert/strict';
import type { AgentMode } from '../../../src/agent/commands/controls.ts';
import { Metrics } from '../../../src/agent/metrics.ts';
import { Pipeline } from '../../../src/agent/pipeline.ts';
import { failure } from '../../../src/domain/errors.ts';
import type { Manifest } from '../../../src/domain/manifest.ts';
import type { AgentCounter } from '../../../src/domain/metrics.ts';
import { FakeBus } from '../../fakes/bus.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { FakeOutbox } from '../../fakes/outbox.ts';
import { FakeRunner, type FakeRunnerOptions } from '../../fakes/runner.ts';
import { aManifest, aSpec, STOP_IT, THING, WORN } from './specs.ts';

type Options = {
  readonly spec?: Parameters<typeof aSpec>[0];
  readonly manifest?: Partial<Manifest>;
  readonly runner?: FakeRunnerOptions;
  readonly outbox?: FakeOutbox;
  /** false: the model is loaded by `load`. */
  readonly loaded?: boolean;
};

/** A pipeline between fakes: sensors on one side, a model that adds two samples, and whoever listens on the other. */
class Bench {
  readonly clock = new FakeClock();
  readonly bus = new FakeBus();
  readonly outbox: FakeOutbox;
  readonly runner: FakeRunner;
  readonly metrics = new Metrics();
  readonly pipeline: Pipeline;
  mode: AgentMode = 'active';
  readonly #manifest: Manifest;

  private constructor({ spec, manifest, runner, outbox = new FakeOutbox() }: Options) {
    this.#manifest = aManifest(manifest);
    this.outbox = outbox;
    this.runner = new FakeRunner(runner);
    this.pipeline = new Pipeline({
      thing: THING,
      bootId: 'boot',
      spec: aSpec(spec),
      manifest: this.#manifest,
      variant: 'small',
      bus: this.bus,
      outbox,
      runner: this.runner,
      clock: this.clock,
      log: new FakeLog(),
      metrics: this.metrics,
      mode: () => this.mode,
    });
  }

  static async start(options: Options = {}): Promise<Bench> {
    const bench = new Bench(options);
    await bench.outbox.start();
    await bench.pipeline.listen();
    await bench.bus.start();
    await bench.settle();
    if (options.loaded !== false) await bench.load();
    return bench;
  }

  async load(): Promise<void> {
    const { input, output } = this.#manifest;
    const loaded = await this.runner.start({ label: 'sum', bytes: new Uint8Array(), input, output });
    if (loaded.ok) this.pipeline.setModel(this.#manifest, 'small', loaded.value);
    await this.settle();
  }

  /** Publishes readings of a sensor, all within this turn of the event loop. Two samples are one window. */
  async send(key: string, ...values: readonly number[]): Promise<void> {
    for (const value of values)
      this.bus.hub.publish({ topic: `sensors/${key}/v`, payload: JSON.stringify([value, 0]) });
    await this.bus.settled();
  }

  /** Publishes readings, and lets everything happen that follows from them. */
  async see(key: string, ...values: readonly number[]): Promise<void> {
    await this.send(key, ...values);
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await this.clock.advance(0);
  }

  /** The results that left so far: key and score. */
  get results(): string {
    const events = this.bus.hub.on('dt/#').map(({ payload }) => JSON.parse(String(payload)).data);
    return events.map(({ key, outcome }) => `${key}${outcome.score}`).join(' ');
  }

  /** What waits in the outbox: what kind, for whom. */
  get queued(): string {
    return this.outbox
      .next(0, 100)
      .map(({ class: rank, topic }) => `${rank} ${topic}`)
      .join(', ');
  }

  count(name: AgentCounter): number {
    return this.metrics.snapshot().counts[name];
  }
}

describe('a pipeline', () => {
  it('answers every window with a result of its key', async () => {
    const bench = await Bench.start();
    await bench.see('a', 1, 2);
    await bench.see('b', 3);
    assert.equal(bench.results, 'a1 a2 b3');
    assert.deepEqual(
      bench.bus.direct.map(({ topic }) => topic),
      ['dt/edge-1/press/a', 'dt/edge-1/press/a', 'dt/edge-1/press/b'],
    );
    const counts = ['messages', 'readings', 'windows', 'batches', 'inferences', 'results'] as const;
    assert.deepEqual(
      counts.map((name) => bench.count(name)),
      [3, 3, 3, 2, 3, 3],
    );
  });

  it('gives each result an id that no other start gives', async () => {
    const bench = await Bench.start();
    await bench.see('a', 1, 2);
    assert.deepEqual(
      bench.bus.direct.map(({ payload }) => JSON.parse(String(payload)).id),
      ['boot-0', 'boot-1'],
    );
  });

  it('keeps the order of each key, through many batches', async () => {
    const bench = await Bench.start({ spec: { queue: { max: 100 } } });
    for (let i = 0; i < 20; i++) await bench.send(i % 3 === 0 ? 'b' : 'a', i);
    await bench.settle();
    const { a = [], b = [] } = Object.groupBy(bench.results.split(' '), (result) => result.slice(0, 1));
    assert.equal(b.join(' '), 'b0 b3 b6 b9 b12 b15 b18');
    assert.equal(a.length, 13);
    assert.deepEqual(
      a,
      a.toSorted((one, other) => Number(one.slice(1)) - Number(other.slice(1))),
    );
  });

  it('tells how long an answer took, from the arrival of the message on', async () => {
    const bench = await Bench.start();
    bench.runner.hang();
    await bench.see('a', 1);
    await bench.clock.advance(250);
    bench.clock.jump(-86_400_000);
    bench.runner.release();
    await bench.settle();
    assert.equal(JSON.parse(String(bench.bus.direct[0]?.payload)).data.latencyMs, 250);
  });

  it('goes on after bad input, and keeps a sample of it', async () => {
    const bench = await Bench.start();
    bench.bus.hub.publish({ topic: 'sensors/a/v', payload: '{' });
    await bench.see('a', 7);
    assert.equal(bench.results, 'a7');
    assert.equal(bench.metrics.snapshot().bad['not-json'], 1);
    assert.deepEqual(
      bench.pipeline.look().deadLetters.map(({ reason, topic }) => [reason, topic]),
      [['not-json', 'sensors/a/v']],
    );
  });

  it('shows what it holds', async () => {
    const bench = await Bench.start({ loaded: false });
    await bench.see('a', 20);
    await bench.see('b', 1);
    const { queueDepth, keys, alarmsActive, thresholds, batchLimit } = bench.pipeline.look();
    assert.deepEqual([queueDepth, keys, alarmsActive, batchLimit], [2, 2, 0, 4]);
    assert.deepEqual(thresholds, { worn: { direction: 'above', raise: 10, clear: 5 } });
    await bench.load();
    assert.equal(bench.pipeline.look().alarmsActive, 1);
    assert.equal(bench.pipeline.look().queueDepth, 0);
  });
});

describe('batches', () => {
  it('hold what one turn of the event loop brought, at most so many', async () => {
    const bench = await Bench.start();
    await bench.send('a', 1, 2, 3);
    await bench.see('b', 4, 5, 6);
    assert.deepEqual(bench.runner.counts, [4, 2]);
  });

  it('are asked for once a turn, however much it brings', async () => {
    const bench = await Bench.start();
    await bench.send('a', 1, 2, 3);
    assert.equal(bench.clock.pending, 1);
  });

  it('leave in one write each', async () => {
    const bench = await Bench.start();
    await bench.see('a', 1, 2, 3, 4, 5, 6);
    assert.deepEqual(bench.bus.directBatches, [4, 2]);
  });

  it('hold what came while the one before was running', async () => {
    const bench = await Bench.start();
    bench.runner.hang();
    await bench.see('a', 1);
    await bench.see('a', 2, 3);
    assert.deepEqual(bench.runner.counts, [1], 'one run at a time');
    bench.runner.release();
    await bench.settle();
    assert.deepEqual(bench.runner.counts, [1, 2]);
    assert.equal(bench.results, 'a1 a2 a3');
  });

  it('are waited for where the configuration says so', async () => {
    const bench = await Bench.start({ spec: { batch: { max: 4, waitMs: 20 } } });
    await bench.see('a', 1);
    await bench.clock.advance(19);
    await bench.see('a', 2);
    assert.deepEqual(bench.runner.counts, []);
    await bench.clock.advance(1);
    assert.deepEqual(bench.runner.counts, [2]);
  });

  it('hold one window where the model gains nothing from more', async () => {
    const bench = await Bench.start({ runner: { loaded: { singleMs: 5, batchGain: 1 } } });
    await bench.see('a', 1, 2, 3);
    assert.deepEqual(bench.runner.counts, [1, 1, 1]);
  });
});

describe('a run that fails', () => {
  it('costs its windows, which are counted, and nothing else', async () => {
    const bench = await Bench.start();
    bench.runner.failNext();
    await bench.see('a', 1, 2);
    await bench.see('a', 3);
    assert.equal(bench.results, 'a3');
    assert.deepEqual([bench.count('windowsFailed'), bench.count('inferences'), bench.count('batches')], [2, 1, 2]);
  });

  it('by scores that are not finite costs only the window they belong to', async () => {
    const score = ([first = 0]: Float32Array) => [first === 2 ? Number.NaN : first];
    const bench = await Bench.start({ runner: { score } });
    await bench.see('a', 1, 2, 3);
    assert.equal(bench.results, 'a1 a3');
    assert.deepEqual([bench.count('windowsFailed'), bench.count('inferences')], [1, 2]);
  });

  it('by a crash costs one batch: the others wait for the runner', async () => {
    const bench = await Bench.start();
    bench.runner.hang();
    await bench.see('a', 1);
    await bench.see('a', 2, 3);
    bench.runner.crash();
    await bench.settle();
    await bench.see('a', 4);
    assert.equal(bench.results, '');
    bench.runner.recover();
    await bench.settle();
    assert.equal(bench.results, 'a2 a3 a4');
    assert.equal(bench.count('windowsFailed'), 1);
  });
});

describe('while there is no runner', () => {
  it('windows wait for the model, the latest of them, and are answered when it is loaded', async () => {
    const bench = await Bench.start({ loaded: false, spec: { queue: { max: 3 } } });
    await bench.see('a', 1, 2, 3, 4, 5);
    assert.equal(bench.count('windowsDropped'), 2);
    await bench.load();
    assert.equal(bench.results, 'a3 a4 a5');
  });
});

describe('results', () => {
  it('are dropped, and counted, while the bus is offline', async () => {
    const bench = await Bench.start();
    await bench.send('a', 1, 2);
    bench.bus.goOffline();
    await bench.settle();
    assert.deepEqual([bench.count('results'), bench.count('resultsDropped')], [0, 2]);
    bench.bus.goOnline();
    await bench.see('a', 3);
    assert.equal(bench.results, 'a3');
  });

  it('may pass the outbox, those of a batch in one transaction', async () => {
    const bench = await Bench.start({ spec: outputs('outbox') });
    await bench.see('a', 1, 2);
    assert.equal(bench.bus.direct.length, 0);
    assert.equal(bench.outbox.puts.length, 1);
    assert.equal(bench.queued, 'result dt/edge-1/press/a, result dt/edge-1/press/a');
    assert.equal(bench.count('results'), 2);
  });

  it('that the outbox does not take are dropped, and counted', async () => {
    const bench = await Bench.start({ spec: outputs('outbox') });
    bench.outbox.refuse = failure('E_OUTBOX_FULL');
    await bench.see('a', 1, 2);
    assert.deepEqual([bench.count('results'), bench.count('resultsDropped')], [0, 2]);
  });

  it('may be left out: alarms come nonetheless', async () => {
    const bench = await Bench.start({ spec: outputs('none') });
    await bench.see('a', 20);
    assert.equal(bench.bus.direct.length, 0);
    assert.equal(bench.queued, 'alarm alarm/edge-1/a');
    assert.deepEqual([bench.count('results'), bench.count('resultsDropped')], [0, 0]);
  });

  it('of a classification under the floor are uncertain, and counted', async () => {
    const bench = await Bench.start({
      spec: { decisions: { alarms: [], floor: 0.6 } },
      manifest: { task: 'classification', output: { name: 'scores', labels: ['good', 'bad'] } },
      runner: { score: ([first = 0]) => [first, 1 - first] },
    });
    await bench.see('a', 0.75, 0.5, 0.25);
    const labels = bench.bus.direct.map(({ payload }) => JSON.parse(String(payload)).data.outcome.label);
    assert.deepEqual(labels, ['good', 'uncertain', 'bad']);
    assert.equal(bench.count('uncertain'), 1);
  });

  function outputs(results: 'outbox' | 'none') {
    return { outputs: { ...aSpec().outputs, results } };
  }
});

describe('alarms', () => {
  it('pass the outbox, offline too, and once an episode', async () => {
    const bench = await Bench.start();
    await bench.send('a', 20, 20, 20);
    bench.bus.goOffline();
    await bench.settle();
    assert.equal(bench.queued, 'alarm alarm/edge-1/a');
    assert.equal(bench.count('alarmsRaised'), 1);
  });

  it('act unless the device observes, as it is at that moment', async () => {
    const bench = await Bench.start({ spec: { decisions: { alarms: [{ ...WORN, action: STOP_IT }] } } });
    bench.mode = 'observe';
    await bench.see('a', 20);
    bench.mode = 'active';
    await bench.see('b', 20);
    assert.equal(bench.queued, 'alarm alarm/edge-1/a, alarm actuators/b/speed, alarm alarm/edge-1/b');
  });

  it('of the last run are taken up before the first message comes', async () => {
    const outbox = new FakeOutbox();
    await outbox.start();
    await outbox.put([], [{ name: 'alarm/press/worn/a', value: '1767225600000' }]);
    const bench = await Bench.start({ outbox });
    await bench.see('a', 20);
    assert.equal(bench.queued, '');
    assert.equal(bench.pipeline.look().alarmsActive, 1);
  });

  it('go on when the decisions change, by the new rules', async () => {
    const bench = await Bench.start();
    await bench.see('a', 20);
    bench.pipeline.setDecisions({ floor: 0, alarms: [{ ...WORN, raise: 15, clear: 8 }] });
    await bench.see('a', 20, 9);
    assert.deepEqual([bench.count('alarmsRaised'), bench.count('alarmsCleared')], [1, 0]);
    await bench.see('a', 7);
    assert.equal(bench.count('alarmsCleared'), 1);
    await bench.see('a', 14, 15);
    assert.equal(bench.count('alarmsRaised'), 2);
  });

  it('of a rule that goes are over, and of one that comes begin', async () => {
    const bench = await Bench.start();
    await bench.see('a', 20);
    bench.pipeline.setDecisions({ floor: 0, alarms: [{ ...WORN, name: 'other' }] });
    assert.equal(bench.pipeline.look().alarmsActive, 0);
    await bench.see('a', 20);
    assert.equal(bench.count('alarmsRaised'), 2);
  });

  it('follow a threshold from the next window on', async () => {
    const bench = await Bench.start();
    assert.equal(bench.pipeline.setThreshold('worn', 5, 2), true);
    assert.equal(bench.pipeline.setThreshold('gone', 5, 2), false);
    await bench.see('a', 6);
    assert.equal(bench.count('alarmsRaised'), 1);
  });
});

describe('a paused pipeline', () => {
  it('looks at no message, and counts them', async () => {
    const bench = await Bench.start();
    bench.pipeline.pause();
    await bench.see('a', 1, 2);
    bench.bus.hub.publish({ topic: 'sensors/a/v', payload: '{' });
    await bench.settle();
    assert.deepEqual([bench.count('messages'), bench.count('asleepReadings'), bench.count('readings')], [3, 3, 0]);
    assert.equal(bench.metrics.snapshot().bad['not-json'], 0);
    bench.pipeline.resume();
    await bench.see('a', 3);
    assert.equal(bench.results, 'a3');
  });

  it('answers what it has taken in', async () => {
    const bench = await Bench.start();
    await bench.send('a', 1);
    bench.pipeline.pause();
    await bench.settle();
    assert.equal(bench.results, 'a1');
  });
});

describe('a window of a command', () => {
  const SAMPLES = Float32Array.of(2, 3);

  it('is answered, and changes nothing', async () => {
    const bench = await Bench.start();
    const asked = bench.pipeline.ask(Float32Array.of(20, 30));
    await bench.settle();
    const answer = await asked;
    assert.deepEqual(answer.ok && [...answer.value], [50]);
    assert.equal(bench.results, '');
    assert.equal(bench.queued, '');
    assert.deepEqual([bench.count('windows'), bench.count('inferences'), bench.pipeline.look().keys], [0, 0, 0]);
  });

  it('goes before those of the sensors', async () => {
    const bench = await Bench.start();
    bench.runner.hang();
    await bench.see('a', 1);
    await bench.see('a', 2, 3, 4);
    const asked = bench.pipeline.ask(SAMPLES);
    bench.runner.release();
    await bench.settle();
    await asked;
    assert.deepEqual(bench.runner.counts, [1, 1, 3]);
    assert.equal(bench.results, 'a1 a2 a3 a4');
  });

  it('is answered whenever it comes, between two runs too', async () => {
    for (let microtasks = 0; microtasks < 12; microtasks++) {
      const bench = await Bench.start();
      const first = bench.pipeline.ask(SAMPLES);
      const second = first.then(async () => {
        for (let i = 0; i < microtasks; i++) await Promise.resolve();
        return bench.pipeline.ask(SAMPLES);
      });
      await bench.settle();
      assert.deepEqual(bench.runner.counts, [1, 1], `after ${microtasks} microtasks`);
      assert.ok((await second).ok);
    }
  });

  it('is refused while the runner is down', async () => {
    const bench = await Bench.start({ loaded: false });
    const answer = await bench.pipeline.ask(SAMPLES);
    assert.equal(!answer.ok && answer.error.code, 'E_RUNNER_UNAVAILABLE');
  });

  it('is refused when eight wait already', async () => {
    const bench = await Bench.start();
    bench.runner.hang();
    await bench.see('a', 1);
    const asked = Array.from({ length: 9 }, () => bench.pipeline.ask(SAMPLES));
    const last = await asked[8];
    assert.equal(last?.ok === false && last.error.code, 'E_COMMAND_FAILED');
    bench.runner.release();
    await bench.settle();
    assert.equal((await Promise.all(asked)).filter(({ ok }) => ok).length, 8);
  });

  it('that brings the runner down costs no window of a sensor', async () => {
    const bench = await Bench.start();
    bench.runner.hang();
    const asked = bench.pipeline.ask(SAMPLES);
    await bench.settle();
    await bench.see('a', 1);
    bench.runner.crash();
    await bench.settle();
    const answer = await asked;
    assert.equal(!answer.ok && answer.error.code, 'E_RUNNER_CRASHED');
    bench.runner.recover();
    await bench.settle();
    assert.equal(bench.results, 'a1');
    assert.equal(bench.count('windowsFailed'), 0);
  });
});

describe('stopping a pipeline', () => {
  it('answers what waits, and takes in no more', async () => {
    const bench = await Bench.start();
    bench.runner.hang();
    await bench.see('a', 1);
    await bench.send('a', 2, 3);
    const stopped = bench.pipeline.stop(1000);
    await bench.see('a', 4);
    bench.runner.release();
    await bench.settle();
    await stopped;
    assert.equal(bench.results, 'a1 a2 a3');
    assert.equal(bench.clock.pending, 0);
  });

  it('is done at once when nothing waits', async () => {
    const bench = await Bench.start();
    await bench.pipeline.stop(1000);
    assert.equal(bench.clock.pending, 0);
  });

  it('waits no longer than its deadline for a run that hangs, and tells the commands', async () => {
    const bench = await Bench.start();
    bench.runner.hang();
    await bench.see('a', 1);
    const asked = bench.pipeline.ask(Float32Array.of(1, 2));
    let over = false;
    const stopped = bench.pipeline.stop(1000).then(() => {
      over = true;
    });
    await bench.clock.advance(999);
    assert.equal(over, false);
    await bench.clock.advance(1);
    await stopped;
    const answer = await asked;
    assert.equal(!answer.ok && answer.error.code, 'E_RUNNER_UNAVAILABLE');
  });

  it('waits until its last alarms are on disk', async () => {
    const bench = await Bench.start();
    const { promise: disk, resolve: written } = Promise.withResolvers<void>();
    const put = bench.outbox.put.bind(bench.outbox);
    bench.outbox.put = async (...args) => {
      await disk;
      return put(...args);
    };
    await bench.send('a', 20);
    let over = false;
    const stopped = bench.pipeline.stop(1000).then(() => {
      over = true;
    });
    await bench.settle();
    assert.equal(over, false);
    written();
    await stopped;
    assert.equal(bench.queued, 'alarm alarm/edge-1/a');
  });

  it('minds the runner no more', async () => {
    const bench = await Bench.start({ loaded: false });
    await bench.see('a', 1);
    const stopped = bench.pipeline.stop(0);
    await bench.settle();
    await stopped;
    await bench.runner.start({ label: 'sum', bytes: new Uint8Array(), ...aManifest() });
    await bench.settle();
    assert.deepEqual(bench.runner.counts, []);
  });
});
