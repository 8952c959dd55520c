import assert from 'node:assert/strict';
import { EdgeAgent } from '../../../src/agent/edge-agent.ts';
import type { AlarmRule } from '../../../src/domain/agent-spec.ts';
import { type Failure, failure, ok } from '../../../src/domain/errors.ts';
import type { Manifest } from '../../../src/domain/manifest.ts';
import { FakeBus } from '../../fakes/bus.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { FakeOutbox } from '../../fakes/outbox.ts';
import { FakeRunner, type FakeRunnerOptions } from '../../fakes/runner.ts';
import { aManifest, aSpec, THING, WORN } from './specs.ts';

const DAY_MS = 24 * 3600 * 1000;

type Options = {
  readonly spec?: Parameters<typeof aSpec>[0];
  readonly manifest?: Partial<Manifest>;
  readonly missing?: Failure;
  readonly runner?: FakeRunnerOptions;
};

class Bench {
  readonly clock = new FakeClock();
  readonly bus = new FakeBus();
  readonly outbox = new FakeOutbox();
  readonly log = new FakeLog();
  readonly runner: FakeRunner;
  readonly agent: EdgeAgent;

  private constructor({ spec, manifest, missing, runner }: Options) {
    const { clock, bus, outbox, log } = this;
    const stored = ok({
      source: '/model',
      manifest: aManifest(manifest),
      golden: [],
      variant: 'small',
      bytes: Uint8Array.of(1, 2, 3),
    });
    const models = { read: async () => (missing === undefined ? stored : ({ ok: false, error: missing } as const)) };
    this.runner = new FakeRunner(runner);
    const needs = { thing: THING, bootId: 'boot', spec: aSpec(spec), models, makeRunner: () => this.runner };
    this.agent = new EdgeAgent({ ...needs, bus, outbox, clock, log, mode: () => 'active', rollouts: undefined });
  }

  /** Prepared, and online; not yet loaded. */
  static async prepare(options: Options = {}): Promise<Bench> {
    const bench = new Bench(options);
    await bench.outbox.start();
    await bench.agent.prepare();
    await bench.bus.start();
    await bench.settle();
    return bench;
  }

  static async start(options: Options = {}): Promise<Bench> {
    const bench = await Bench.prepare(options);
    await bench.agent.load();
    await bench.settle();
    return bench;
  }

  /** Publishes windows of a sensor. */
  async see(...values: readonly number[]): Promise<void> {
    for (const value of values) this.bus.hub.publish({ topic: 'sensors/a/v', payload: JSON.stringify([value, 0]) });
    await this.bus.settled();
    await this.settle();
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await this.clock.advance(0);
  }

  get state(): string {
    return this.agent.status().state;
  }

  get answered(): number {
    return this.bus.direct.length;
  }
}

const CLASSES: Partial<Manifest> = {
  task: 'classification',
  output: { name: 'scores', labels: ['good', 'bad'] },
  input: { name: 'window', window: 2, hop: 2, channels: ['x', 'y'], channelAxis: true },
};

describe('an agent', () => {
  it('is starting until its model is loaded, and keeps what comes meanwhile', async () => {
    const bench = await Bench.prepare();
    await bench.see(1, 2);
    assert.deepEqual([bench.state, bench.answered, bench.agent.status().queueDepth], ['starting', 0, 2]);
    await bench.agent.load();
    await bench.settle();
    assert.deepEqual([bench.state, bench.answered], ['running', 2]);
  });

  it('says which model it runs, on what, and how it fares', async () => {
    const bench = await Bench.start();
    await bench.see(20);
    const status = bench.agent.status();
    assert.deepEqual(status.model, { name: 'sum', version: '1.0.0', variant: 'small', provider: 'cpu' });
    assert.equal(status.isolation, 'process');
    assert.equal(status.metrics.counts.inferences, 1);
    assert.deepEqual([status.keys, status.alarmsActive, status.queueDepth], [1, 1, 0]);
    assert.deepEqual(status.thresholds, { worn: { direction: 'above', raise: 10, clear: 5 } });
    assert.equal(status.problem, undefined);
  });

  it('knows no model before it has one', async () => {
    const bench = await Bench.prepare();
    assert.equal(bench.agent.status().model, undefined);
  });

  it('is restarting while its runner is down, and says why', async () => {
    const bench = await Bench.start();
    bench.runner.crash(failure('E_RUNNER_MEMORY', 'as the test wants'));
    assert.equal(bench.state, 'restarting');
    assert.equal(bench.agent.status().problem?.code, 'E_RUNNER_MEMORY');
    bench.runner.recover();
    assert.equal(bench.state, 'running');
    assert.equal(bench.agent.status().problem, undefined);
    assert.equal(bench.agent.status().runner.restarts, 1);
  });

  it('shows samples of bad input, and what was measured at load', async () => {
    const bench = await Bench.start();
    bench.bus.hub.publish({ topic: 'sensors/a/v', payload: '{' });
    await bench.settle();
    const { deadLetters, extra } = bench.agent.diagnose();
    assert.deepEqual(
      deadLetters.map(({ reason }) => reason),
      ['not-json'],
    );
    assert.deepEqual(extra, { provider: 'cpu', loadMs: 1, singleMs: 0.01, batchGain: 10, batchLimit: 4 });
  });

  it('can be looked at before it is prepared', () => {
    const clock = new FakeClock();
    const needs = { thing: THING, bootId: 'boot', spec: aSpec(), bus: new FakeBus(), outbox: new FakeOutbox(), clock };
    const models = { read: () => new Promise<never>(() => {}) };
    const agent = new EdgeAgent({
      ...needs,
      models,
      makeRunner: () => new FakeRunner(),
      log: new FakeLog(),
      mode: () => 'active',
      rollouts: undefined,
    });
    assert.equal(agent.status().state, 'starting');
    assert.deepEqual(agent.diagnose().deadLetters, []);
    assert.equal(agent.setThreshold('worn', 1, 0).ok, false);
    assert.equal(agent.objection(aSpec()), undefined);
  });
});

describe('an agent is refused', () => {
  async function refusal(options: Options): Promise<string> {
    const bench = await Bench.start(options);
    const { state, problem } = bench.agent.status();
    assert.equal(state, 'refused');
    assert.deepEqual(bench.log.events, ['agent refused']);
    return `${problem?.code} ${problem?.message}`;
  }

  it('when its model is not there', async () => {
    assert.match(await refusal({ missing: failure('E_MODEL_MISSING', 'models/x') }), /^E_MODEL_MISSING .*models\/x/);
  });

  it('when its model does not load', async () => {
    const startFailure = failure('E_MODEL_LOAD', 'no such operator');
    assert.match(await refusal({ runner: { startFailure } }), /^E_MODEL_LOAD .*no such operator/);
  });

  it('when an input has not one pointer a channel', async () => {
    const [input] = aSpec().inputs;
    assert.ok(input);
    const spec = { inputs: [{ ...input, values: ['/x', '/y', '/z'] }], decisions: { alarms: [] } };
    const said = await refusal({ spec, manifest: CLASSES });
    assert.match(said, /^E_CONFIG_INVALID .*sensors\/\+\/v has 3 pointers; sum has 2 channels \(x, y\)/);
  });

  it('when an alarm names a label that the model does not have', async () => {
    const said = await refusal({ spec: alarms({ labels: ['good', 'ugly'] }), manifest: CLASSES });
    assert.match(said, /alarm worn names the label ugly; sum has good, bad/);
  });

  it('when an alarm of a classification names no label', async () => {
    const said = await refusal({ spec: alarms({}), manifest: CLASSES });
    assert.match(said, /alarm worn names no labels; sum has good, bad/);
  });

  function alarms(change: Partial<AlarmRule>) {
    return { decisions: { alarms: [{ ...WORN, ...change }] } };
  }
});

describe('an agent that fits its model', () => {
  it('may name its labels, and have one pointer for all channels or one for each', async () => {
    const [input] = aSpec().inputs;
    assert.ok(input);
    const inputs = [input, { ...input, topic: 'b/+', values: ['/x', '/y'] }];
    const decisions = { alarms: [{ ...WORN, labels: ['bad'] }] };
    assert.equal((await Bench.start({ spec: { inputs, decisions }, manifest: CLASSES })).state, 'running');
  });

  it('has an objection only against a configuration that does not', async () => {
    const { agent } = await Bench.start({ spec: { decisions: { alarms: [] } }, manifest: CLASSES });
    const alarm = (label: string) => aSpec({ decisions: { alarms: [{ ...WORN, labels: [label] }] } });
    assert.equal(agent.objection(alarm('bad')), undefined);
    assert.match(agent.objection(alarm('ugly')) ?? '', /label ugly/);
    const [input] = aSpec().inputs;
    assert.ok(input);
    const inputs = [{ ...input, values: ['/x', '/y', '/z'] }];
    assert.match(agent.objection({ ...alarm('bad'), inputs }) ?? '', /3 pointers; sum has 2 channels/);
    const another = { ...aSpec().model, path: 'models/another' };
    assert.equal(agent.objection({ ...alarm('ugly'), model: another }), undefined, 'that brings a model of its own');
  });
});

describe('a refused agent', () => {
  const NO_LOAD = { runner: { startFailure: failure('E_MODEL_LOAD', 'as the test wants') } };

  it('takes up the cure at its next start when it could not even begin', async () => {
    const bad = { decisions: { alarms: [{ ...WORN, labels: ['ugly'] }] } };
    const { agent } = await Bench.start({ spec: bad, manifest: CLASSES });
    assert.equal(agent.takesDecisions, false);
    assert.equal(agent.objection(aSpec({ decisions: { alarms: [] } })), undefined);
    assert.match(agent.objection(aSpec(bad)) ?? '', /label ugly/);
  });

  it('looks at no message any more, even when it is told to wake', async () => {
    const bench = await Bench.start(NO_LOAD);
    bench.agent.wake();
    await bench.see(1);
    const { counts } = bench.agent.status().metrics;
    assert.deepEqual([counts.messages, counts.asleepReadings, counts.windows], [1, 1, 0]);
  });

  it('stops at once: what waits for its model waits in vain', async () => {
    const bench = await Bench.prepare(NO_LOAD);
    await bench.see(1);
    await bench.agent.load();
    const stopped = bench.agent.stop(8000);
    await bench.clock.advance(0);
    await stopped;
    assert.equal(bench.clock.pending, 0);
    assert.equal(bench.state, 'stopped');
  });

  it('says why when it is asked', async () => {
    const bench = await Bench.start(NO_LOAD);
    const answer = await bench.agent.infer(Float32Array.of(1, 2), undefined);
    assert.equal(!answer.ok && answer.error.code, 'E_MODEL_LOAD');
  });
});

describe('a question to an agent', () => {
  it('is answered with the label, and the scores of all', async () => {
    const bench = await Bench.start({
      spec: { decisions: { alarms: [] } },
      manifest: CLASSES,
      runner: { score: () => [0.25, 0.75] },
    });
    const asked = bench.agent.infer(new Float32Array(4), undefined);
    await bench.settle();
    assert.deepEqual(await asked, ok({ label: 'bad', score: 0.75, scores: { good: 0.25, bad: 0.75 } }));
  });

  for (const length of [0, 1, 3]) {
    it(`is refused with ${length} values where the model takes 2`, async () => {
      const bench = await Bench.start();
      const answer = await bench.agent.infer(new Float32Array(length), undefined);
      assert.equal(answer.ok ? '' : answer.error.code, 'E_COMMAND_ARGS');
      assert.match(answer.ok ? '' : answer.error.message, new RegExp(`holds ${length} numbers; the model takes 2`));
    });
  }

  it('is no answer when the scores are not finite', async () => {
    const bench = await Bench.start({ runner: { score: () => [Number.NaN] } });
    const asked = bench.agent.infer(new Float32Array(2), undefined);
    await bench.settle();
    const answer = await asked;
    assert.equal(!answer.ok && answer.error.code, 'E_MODEL_CONTRACT');
  });

  it('is refused while the runner is down', async () => {
    const bench = await Bench.start();
    bench.runner.crash();
    const answer = await bench.agent.infer(new Float32Array(2), undefined);
    assert.equal(!answer.ok && answer.error.code, 'E_RUNNER_UNAVAILABLE');
  });

  it('is answered while it sleeps', async () => {
    const bench = await Bench.start();
    bench.agent.sleep(undefined);
    const asked = bench.agent.infer(Float32Array.of(1, 2), undefined);
    await bench.settle();
    assert.equal((await asked).ok, true);
  });
});

describe('a threshold', () => {
  it('is changed for a rule that is there', async () => {
    const bench = await Bench.start();
    assert.deepEqual(bench.agent.setThreshold('worn', 7, 3), ok(undefined));
    assert.deepEqual(bench.agent.status().thresholds['worn'], { direction: 'above', raise: 7, clear: 3 });
    const unknown = bench.agent.setThreshold('gone', 7, 3);
    assert.equal(!unknown.ok && unknown.error.code, 'E_COMMAND_ARGS');
  });
});

describe('an agent that sleeps', () => {
  it('looks at no message until it is woken', async () => {
    const bench = await Bench.start();
    bench.agent.sleep(undefined);
    assert.equal(bench.state, 'asleep');
    await bench.see(1);
    await bench.clock.advance(DAY_MS);
    assert.equal(bench.answered, 0);
    bench.agent.wake();
    await bench.see(1);
    assert.deepEqual([bench.state, bench.answered], ['running', 1]);
  });

  it('wakes by itself when the time has come', async () => {
    const bench = await Bench.start();
    const untilMs = bench.clock.now() + 60_000;
    bench.agent.sleep(untilMs);
    assert.equal(bench.agent.status().sleepUntilMs, untilMs);
    await bench.clock.advance(59_999);
    assert.equal(bench.state, 'asleep');
    await bench.clock.advance(1);
    assert.equal(bench.state, 'running');
    assert.equal(bench.agent.status().sleepUntilMs, undefined);
    assert.equal(bench.clock.pending, 0);
  });

  it('sleeps for weeks when it is told to', async () => {
    const bench = await Bench.start();
    bench.agent.sleep(bench.clock.now() + 30 * DAY_MS);
    await bench.clock.advance(30 * DAY_MS - 1);
    assert.equal(bench.state, 'asleep');
    await bench.clock.advance(1);
    assert.equal(bench.state, 'running');
  });

  it('goes by the clock of the day, as it is set meanwhile', async () => {
    const bench = await Bench.start();
    bench.agent.sleep(bench.clock.now() + 2 * DAY_MS);
    bench.clock.jump(-DAY_MS);
    await bench.clock.advance(2 * DAY_MS);
    assert.equal(bench.state, 'asleep', 'a day is left by the clock');
    await bench.clock.advance(DAY_MS);
    assert.equal(bench.state, 'running');
  });

  it('wakes within a day when the clock is set forward past its time', async () => {
    const bench = await Bench.start();
    bench.agent.sleep(bench.clock.now() + 30 * DAY_MS);
    bench.clock.jump(365 * DAY_MS);
    await bench.clock.advance(DAY_MS);
    assert.equal(bench.state, 'running');
  });

  it('takes the end that it was told last', async () => {
    const bench = await Bench.start();
    bench.agent.sleep(bench.clock.now() + 1000);
    bench.agent.sleep(bench.clock.now() + 5000);
    await bench.clock.advance(4999);
    assert.equal(bench.state, 'asleep');
    bench.agent.sleep(undefined);
    await bench.clock.advance(DAY_MS);
    assert.equal(bench.state, 'asleep');
    assert.equal(bench.clock.pending, 0);
  });

  it('does not fall asleep for a time that is over', async () => {
    const bench = await Bench.start();
    bench.agent.sleep(bench.clock.now() - 1);
    assert.equal(bench.state, 'running');
  });

  it('is asleep from the start when it was told so before its model was there', async () => {
    const bench = await Bench.prepare();
    bench.agent.sleep(undefined);
    await bench.agent.load();
    await bench.see(1);
    assert.deepEqual([bench.state, bench.answered], ['asleep', 0]);
  });
});

describe('stopping an agent', () => {
  it('answers what waits, and ends the runner', async () => {
    const bench = await Bench.start();
    bench.runner.hang();
    await bench.see(1);
    await bench.see(2);
    const stopped = bench.agent.stop(1000);
    bench.runner.release();
    await bench.settle();
    await stopped;
    assert.deepEqual([bench.answered, bench.state, bench.runner.stats().state], [2, 'stopped', 'stopped']);
    assert.equal(bench.clock.pending, 0);
  });

  it('gives the runner what is left of the time', async () => {
    const bench = await Bench.start();
    const deadlines: number[] = [];
    bench.runner.stop = async (...args: number[]) => void deadlines.push(...args);
    bench.runner.hang();
    await bench.see(1);
    const stopped = bench.agent.stop(1000);
    await bench.clock.advance(1000);
    await stopped;
    assert.deepEqual(deadlines, [0]);
  });

  it('leaves no timer of a sleep, and cannot be undone by waking', async () => {
    const bench = await Bench.start();
    bench.agent.sleep(bench.clock.now() + 1000);
    await bench.agent.stop(1000);
    assert.equal(bench.clock.pending, 0);
    bench.agent.sleep(bench.clock.now() + 1000);
    assert.equal(bench.clock.pending, 0);
    bench.agent.wake();
    await bench.see(1);
    assert.deepEqual([bench.state, bench.answered], ['stopped', 0]);
  });

  it('is done once, and before it was prepared, too', async () => {
    const bench = await Bench.start();
    await Promise.all([bench.agent.stop(1000), bench.agent.stop(1000)]);
    await bench.agent.stop(1000);
    assert.equal(bench.state, 'stopped');
  });
});
