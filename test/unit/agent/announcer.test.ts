import assert from 'node:assert/strict';
import { Announcer } from '../../../src/agent/announcer.ts';
import type { AgentMode } from '../../../src/agent/commands/controls.ts';
import { Metrics } from '../../../src/agent/metrics.ts';
import type { AlarmRule } from '../../../src/domain/agent-spec.ts';
import type { AlarmChange } from '../../../src/domain/decision.ts';
import { failure } from '../../../src/domain/errors.ts';
import { Decider } from '../../../src/flow/decide.ts';
import { makeEncoder } from '../../../src/flow/encode.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { FakeOutbox } from '../../fakes/outbox.ts';
import { aSpec, STOP_IT, THING, WORN } from './specs.ts';

/** A decider and an announcer over an outbox that survives `restart`. */
class Bench {
  readonly clock = new FakeClock();
  readonly log = new FakeLog();
  readonly outbox: FakeOutbox;
  readonly metrics = new Metrics();
  readonly decider: Decider;
  readonly announcer: Announcer;

  private constructor(alarms: readonly AlarmRule[], outbox: FakeOutbox) {
    this.outbox = outbox;
    this.decider = new Decider({ task: 'regression', labels: ['sum'], floor: 0, alarms, maxKeys: 10 });
    const model = { name: 'sum', version: '1.0.0', variant: 'small' };
    this.announcer = new Announcer({
      thing: THING,
      spec: aSpec({ decisions: { alarms } }),
      alarms,
      outbox,
      clock: this.clock,
      log: this.log,
      metrics: this.metrics,
      decider: this.decider,
      encoder: makeEncoder({ thing: THING, agent: 'press', model }),
    });
  }

  static async start(alarms: readonly AlarmRule[] = [WORN], outbox = new FakeOutbox()): Promise<Bench> {
    await outbox.start();
    const bench = new Bench(alarms, outbox);
    await bench.announcer.resume();
    return bench;
  }

  /** Decides on one signal, and announces what it turns. */
  async see(signal: number, mode: AgentMode = 'active', key = 'a'): Promise<void> {
    const changes: AlarmChange[] = [];
    this.decider.decide(key, Float32Array.of(signal), 0, this.clock.now(), changes);
    for (const change of changes) await this.announcer.announce(change, mode);
    await this.clock.advance(1000);
  }

  /** What waits in the outbox: its topics, in the order of sending. */
  get queued(): readonly string[] {
    return this.outbox.next(0, 100).map(({ topic }) => topic);
  }

  get facts(): ReadonlyMap<string, string> {
    return this.outbox.facts('');
  }

  count(name: 'alarmsRaised' | 'alarmsCleared' | 'actions' | 'actionsWithheld'): number {
    return this.metrics.snapshot().counts[name];
  }
}

const WITH_ACTION = { ...WORN, action: STOP_IT };
const FULL = failure('E_OUTBOX_FULL', 'as the test wants');

describe('announcing an alarm', () => {
  it('queues the alarm and the fact that it was raised, in one transaction', async () => {
    const bench = await Bench.start();
    const sinceMs = bench.clock.now();
    await bench.see(20);
    assert.equal(bench.outbox.puts.length, 1);
    const [put] = bench.outbox.puts;
    assert.deepEqual(
      put?.messages.map(({ topic, class: rank }) => [topic, rank]),
      [['alarm/edge-1/a', 'alarm']],
    );
    assert.deepEqual(put?.facts, [{ name: 'alarm/press/worn/a', value: String(sinceMs) }]);
    assert.equal(bench.count('alarmsRaised'), 1);
  });

  it('queues its end, and forgets the fact, in one transaction', async () => {
    const bench = await Bench.start();
    await bench.see(20);
    await bench.see(0);
    assert.equal(bench.outbox.puts.length, 2);
    assert.equal(bench.facts.size, 0);
    assert.equal(bench.count('alarmsCleared'), 1);
    const [raised, cleared] = bench.outbox.next(0, 9).map(({ id }) => id);
    assert.equal(cleared, raised?.replace(/raised$/, 'cleared'));
  });

  it('puts the action before the alarm, as it is configured, under an id of its own', async () => {
    const bench = await Bench.start([WITH_ACTION]);
    await bench.see(20, 'active', 'press-7');
    assert.deepEqual(bench.queued, ['actuators/press-7/speed', 'alarm/edge-1/press-7']);
    const [action, alarm] = bench.outbox.next(0, 9);
    assert.equal(Buffer.from(action?.payload ?? []).toString(), STOP_IT?.payload);
    assert.equal(action?.id, `${alarm?.id}/action`);
    assert.equal(bench.count('actions'), 1);
  });

  it('acts at the beginning of an alarm, and not at its end', async () => {
    const bench = await Bench.start([WITH_ACTION]);
    await bench.see(20);
    await bench.see(0);
    assert.deepEqual(bench.queued, ['actuators/a/speed', 'alarm/edge-1/a', 'alarm/edge-1/a']);
    assert.equal(bench.count('actions'), 1);
  });

  it('only tells while it observes, and counts what it withheld', async () => {
    const bench = await Bench.start([WITH_ACTION]);
    await bench.see(20, 'observe');
    await bench.see(0, 'observe');
    assert.deepEqual(bench.queued, ['alarm/edge-1/a', 'alarm/edge-1/a']);
    assert.deepEqual([bench.count('actions'), bench.count('actionsWithheld')], [0, 1]);
  });
});

describe('an alarm that cannot be queued', () => {
  it('is raised anew with the next window, and told once', async () => {
    const bench = await Bench.start([{ ...WORN, cooldownMs: 60_000 }]);
    bench.outbox.refuse = FULL;
    await bench.see(20);
    assert.deepEqual([bench.decider.active, bench.count('alarmsRaised')], [0, 0]);
    assert.deepEqual(bench.log.events, ['alarm not queued']);
    bench.outbox.refuse = undefined;
    await bench.see(20);
    await bench.see(20);
    assert.deepEqual(bench.queued, ['alarm/edge-1/a']);
    assert.equal(bench.count('alarmsRaised'), 1);
    assert.equal(bench.facts.size, 1);
  });

  it('is still ended when the end could be queued at last', async () => {
    const bench = await Bench.start();
    await bench.see(20);
    bench.outbox.refuse = FULL;
    await bench.see(0);
    assert.equal(bench.decider.active, 1);
    bench.outbox.refuse = undefined;
    await bench.see(0);
    assert.deepEqual([bench.decider.active, bench.queued.length, bench.facts.size], [0, 2, 0]);
  });

  it('counts an action as withheld once, however often it was tried', async () => {
    const bench = await Bench.start([WITH_ACTION]);
    bench.outbox.refuse = FULL;
    await bench.see(20, 'observe');
    await bench.see(20, 'observe');
    bench.outbox.refuse = undefined;
    await bench.see(20, 'observe');
    assert.equal(bench.count('actionsWithheld'), 1);
  });
});

describe('after a restart', () => {
  it('an alarm goes on in silence, and ends under the id that it began with', async () => {
    const before = await Bench.start();
    await before.see(20);
    const after = await Bench.start([WORN], before.outbox);
    await after.see(20);
    assert.equal(after.queued.length, 1, 'nothing new');
    await after.see(0);
    const [raised, cleared] = after.outbox.next(0, 9).map(({ id }) => id);
    assert.equal(cleared, raised?.replace(/raised$/, 'cleared'));
  });

  it('an alarm of a rule that is no longer configured is forgotten, for good', async () => {
    const before = await Bench.start();
    await before.see(20);
    const after = await Bench.start([{ ...WORN, name: 'other' }], before.outbox);
    assert.equal(after.decider.active, 0);
    assert.equal(after.facts.size, 0);
  });

  it('leaves the alarms of other agents, and everything else that is remembered, alone', async () => {
    const outbox = new FakeOutbox();
    await outbox.start();
    const facts = ['alarm/press-2/worn/a', 'cmd/17'].map((name) => ({ name, value: '1' }));
    await outbox.put([], facts);
    const bench = await Bench.start([WORN], outbox);
    assert.equal(bench.decider.active, 0);
    assert.equal(bench.facts.size, 2);
  });

  for (const value of ['yesterday', '1.5', '1e400', '-']) {
    it(`a fact that says "${value}" for a time is no alarm`, async () => {
      const outbox = new FakeOutbox();
      await outbox.start();
      await outbox.put([], [{ name: 'alarm/press/worn/a', value }]);
      const bench = await Bench.start([WORN], outbox);
      assert.equal(bench.decider.active, 0);
      assert.equal(bench.facts.size, 0);
    });
  }
});
