import assert from 'node:assert/strict';
import { ShadowIntents } from '../../../src/agent/shadow-intents.ts';
import { ShadowReporter } from '../../../src/agent/shadow-reporter.ts';
import { fail } from '../../../src/domain/errors.ts';
import type { ShadowDocument } from '../../../src/ports/shadow.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeControls } from '../../fakes/controls.ts';
import { FakeLog } from '../../fakes/log.ts';
import { FakeRollouts, modelRef } from '../../fakes/rollouts.ts';
import { FakeShadow } from '../../fakes/shadow.ts';

const SECOND = 1_000;
const HEARTBEAT = 60 * SECOND;

describe('the shadow reporter', () => {
  it('reports at the start how the device is', async () => {
    const { reported } = await start();
    assert.partialDeepStrictEqual(reported(), {
      agentVersion: '0.1.0',
      mode: 'active',
      sleep: false,
      logLevel: 'info',
      health: { verdict: 'healthy', reasons: [] },
      agents: {
        press: {
          state: 'running',
          model: { name: 'bearing-fault', version: '1.2.0', variant: 'small-fp32', provider: 'cpu' },
          isolation: 'process',
          alarmsActive: 0,
        },
      },
      outbox: { rows: 0, dropped: 0, quarantined: 0 },
      thresholds: { press: { worn: { raise: 0.8, clear: 0.5 } } },
    });
  });

  it('reports a change that matters within a second, and only what differs', async () => {
    const { controls, clock, shadow } = await start();
    controls.agent().alarmsActive = 1;
    await clock.advance(SECOND);
    assert.equal(shadow.reports.length, 2);
    const { reportedAt: _, ...patch } = shadow.reports[1]?.reported ?? {};
    assert.deepEqual(patch, { agents: { press: { alarmsActive: 1 } } });
  });

  it('tells the state of each bus where there are several, and of one alone nothing', async () => {
    const { controls, clock, reported } = await start();
    assert.equal(reported()['buses'], undefined);
    controls.buses = { mqtt: { state: 'online', error: undefined }, local: { state: 'offline', error: 'no route' } };
    await clock.advance(SECOND);
    assert.deepEqual(reported()['buses'], { mqtt: 'online', local: 'offline' });
  });

  it('reports at most once a second, however much changes', async () => {
    const { controls, clock, shadow, reporter } = await start();
    for (let i = 1; i <= 40; i++) {
      controls.agent().alarmsActive = i;
      reporter.changed();
      await clock.advance(250);
    }
    assert.ok(shadow.reports.length <= 12, `${shadow.reports.length} reports in 10 s`);
    assert.ok(shadow.reports.length >= 10);
  });

  it('keeps figures for the heartbeat', async () => {
    const { controls, clock, shadow, reported } = await start();
    controls.agent().metrics.inc('inferences', 50);
    controls.agent().metrics.latency(4);
    controls.outbox = { ...controls.outbox, rows: 7 };
    await clock.advance(HEARTBEAT - 2 * SECOND);
    assert.equal(shadow.reports.length, 1);
    await clock.advance(2 * SECOND);
    assert.equal(shadow.reports.length, 2);
    assert.partialDeepStrictEqual(reported(), {
      agents: { press: { counters: { inferences: 50 } } },
      outbox: { rows: 7 },
    });
  });

  it('removes from the shadow what is no longer there', async () => {
    const shadow = new FakeShadow();
    shadow.store.update({ reported: { old: 1, agents: { gone: { state: 'running' } } } });
    const { reported, clock } = await start({ shadow });
    await clock.advance(SECOND);
    assert.deepEqual(Object.keys(reported()['agents'] as object), ['press']);
    assert.equal(reported()['old'], undefined);
  });

  it('applies what is desired and reports it, so that nothing differs any more', async () => {
    const { controls, clock, shadow } = await start();
    const thresholds = { press: { worn: { raise: 0.9, clear: 0.6 } } };
    shadow.store.update({ desired: { mode: 'observe', logLevel: 'debug', sleep: true, thresholds } });
    await clock.advance(2 * SECOND);
    assert.deepEqual([controls.mode, controls.logLevel, controls.agent().state], ['observe', 'debug', 'asleep']);
    assert.deepEqual(controls.agent().thresholds['worn'], { direction: 'above', raise: 0.9, clear: 0.6 });
    assert.deepEqual(shadow.store.delta, {});
  });

  it('applies one changed half of a threshold', async () => {
    const { controls, clock, shadow } = await start();
    shadow.store.update({ desired: { thresholds: { press: { worn: { raise: 0.8, clear: 0.3 } } } } });
    await clock.advance(SECOND);
    assert.partialDeepStrictEqual(controls.agent().thresholds['worn'], { raise: 0.8, clear: 0.3 });
  });

  it('takes thresholds that fit their direction only', async () => {
    const { controls, clock, shadow, reported } = await start();
    controls.agent().thresholds['low'] = { direction: 'below', raise: 10, clear: 20 };
    shadow.store.update({ desired: { thresholds: { press: { low: { raise: 30 } } } } });
    await clock.advance(SECOND);
    assert.partialDeepStrictEqual(reported()['desiredErrors'], [{ reason: 'clear must not be below raise' }]);
    shadow.store.update({ desired: { thresholds: { press: { low: { raise: 30, clear: 30 } } } } });
    await clock.advance(SECOND);
    assert.partialDeepStrictEqual(controls.agent().thresholds['low'], { raise: 30, clear: 30 });
  });

  it('reports what it cannot do with the path and the reason, once, and does the rest', async () => {
    const { controls, clock, shadow, reported, log } = await start();
    shadow.store.update({
      desired: {
        mode: 'turbo',
        logLevel: 'debug',
        colour: 'red',
        sleep: { until: 'tomorrow' },
        thresholds: { saw: { worn: { raise: 1 } }, press: { worn: { raise: 0.1, clear: 0.2 }, lost: { raise: 1 } } },
      },
    });
    await clock.advance(10 * SECOND);
    const errors = reported()['desiredErrors'] as { path: string; reason: string }[];
    assert.deepEqual(
      errors.map(({ path }) => path),
      ['mode', 'colour', 'sleep', 'thresholds.saw.worn', 'thresholds.press.worn', 'thresholds.press.lost'],
    );
    assert.match(errors[4]?.reason ?? '', /clear must not be above raise/);
    assert.equal(controls.logLevel, 'debug');
    assert.deepEqual(controls.agent().thresholds['worn'], { direction: 'above', raise: 0.8, clear: 0.5 });
    assert.ok(shadow.reports.length <= 3, `${shadow.reports.length} reports: the loop is not broken`);
    await clock.advance(3 * HEARTBEAT);
    assert.equal(log.events.filter((event) => event === 'shadow desired').length, 1);
  });

  it('forgets an error when its wish is withdrawn', async () => {
    const { clock, shadow, reported } = await start();
    shadow.store.update({ desired: { mode: 'turbo' } });
    await clock.advance(2 * SECOND);
    assert.ok(reported()['desiredErrors']);
    shadow.store.update({ desired: { mode: null } });
    await clock.advance(2 * SECOND);
    assert.equal(reported()['desiredErrors'], undefined);
  });

  it('tries a refused wish again after a heartbeat: its agent may be there by now', async () => {
    const { clock, shadow, reported, controls } = await start();
    shadow.store.update({ desired: { thresholds: { press: { torn: { raise: 0.7, clear: 0.2 } } } } });
    await clock.advance(2 * SECOND);
    assert.ok(reported()['desiredErrors']);
    controls.agent().thresholds['torn'] = { direction: 'above', raise: 0.9, clear: 0.1 };
    await clock.advance(2 * HEARTBEAT);
    assert.partialDeepStrictEqual(controls.agent().thresholds['torn'], { raise: 0.7, clear: 0.2 });
    assert.equal(reported()['desiredErrors'], undefined);
  });

  it('does not poison prototypes', () => {
    const controls = new FakeControls();
    const intents = new ShadowIntents(controls);
    const rules = '{"__proto__":{"raise":1},"constructor":{"raise":1}}';
    intents.apply(JSON.parse(`{"__proto__":{"mode":"observe"},"thresholds":{"press":${rules}}}`), 0);
    assert.deepEqual(
      intents.errors.map(({ reason }) => reason),
      ['is not known', 'there is no such rule', 'there is no such rule'],
    );
    assert.equal(({} as { raise?: number }).raise, undefined);
    assert.equal(controls.mode, 'active');
  });

  it('sleeps until a moment, and clears the wish once it is over', async () => {
    const { clock, shadow, controls, reported } = await start();
    const until = new Date(clock.now() + 10 * SECOND).toISOString().replace('.000Z', 'Z');
    shadow.store.update({ desired: { sleep: { until } } });
    await clock.advance(SECOND);
    assert.equal(controls.agent().state, 'asleep');
    assert.deepEqual(shadow.store.delta, {}, 'in the very words of the wish');
    await clock.advance(10 * SECOND);
    controls.agent().wake(); // as the pipeline does at that moment
    await clock.advance(2 * SECOND);
    assert.equal(reported()['sleep'], false);
    assert.deepEqual(shadow.store.state?.desired, {});
    assert.equal(controls.agent().state, 'running');
  });

  it('lets a command on the device win over an older wish', async () => {
    const { clock, shadow, controls } = await start();
    shadow.store.update({ desired: { sleep: true, mode: 'observe' } });
    await clock.advance(2 * SECOND);
    controls.agent().wake();
    await clock.advance(2 * SECOND);
    assert.deepEqual(shadow.store.state?.desired, { mode: 'observe' });
    assert.equal(controls.agent().state, 'running');
    const { length } = shadow.reports;
    await clock.advance(10 * SECOND);
    assert.equal(shadow.reports.length, length, 'and clears it once');
  });

  it('does not take an agent that still starts for one that was woken', async () => {
    const { clock, shadow, controls } = await start();
    controls.agent().sleep = () => {};
    controls.agent().state = 'starting';
    shadow.store.update({ desired: { sleep: true } });
    await clock.advance(5 * SECOND);
    assert.deepEqual(shadow.store.state?.desired, { sleep: true });
  });

  it('does not pile up where nobody answers: the next report waits for a change or the heartbeat', async () => {
    const shadow = new FakeShadow();
    shadow.failure = fail('E_SHADOW_UNACKNOWLEDGED');
    const { clock, log, controls } = await start({ shadow });
    await clock.advance(HEARTBEAT - 2 * SECOND);
    assert.equal(shadow.reports.length, 1);
    await clock.advance(3 * HEARTBEAT);
    assert.equal(shadow.reports.length, 4);
    assert.equal(log.events.filter((event) => event === 'shadow report failed').length, 1, 'and says it once');
    assert.equal(controls.counters.snapshot().shadowFailures, 4);
  });

  it('says nothing of a report that its own stop cuts off', async () => {
    const shadow = new FakeShadow();
    shadow.holding = true;
    const { clock, log, reporter } = await start({ shadow });
    shadow.failure = fail('E_BUS_OFFLINE');
    await reporter.stop();
    await clock.advance(0);
    assert.equal(shadow.reports.length, 1);
    assert.deepEqual(
      log.events.filter((event) => event === 'shadow report failed'),
      [],
    );
  });

  it('sends no second report while one is in flight', async () => {
    const shadow = new FakeShadow();
    shadow.holding = true;
    const { clock, controls } = await start({ shadow });
    controls.agent().alarmsActive = 1;
    await clock.advance(10 * SECOND);
    assert.equal(shadow.reports.length, 1);
    shadow.holding = false;
    shadow.release();
    await clock.advance(SECOND);
    assert.equal(shadow.reports.length, 2);
  });

  it('reports a second after the connection is back', async () => {
    const shadow = new FakeShadow();
    shadow.failure = fail('E_BUS_OFFLINE');
    const { clock, controls, reported } = await start({ shadow });
    await clock.advance(5 * SECOND);
    shadow.failure = undefined;
    await clock.advance(SECOND);
    assert.equal(reported()['mode'], 'active');
    assert.equal(controls.counters.snapshot().shadowFailures, 0, 'being offline is no failure of the shadow');
  });

  it('stays under 8 KB with 20 agents, and with 200, and says what it left out', async () => {
    for (const count of [20, 200]) {
      const names = Array.from({ length: count }, (_, i) => `conveyor-line-${i}-gearbox`);
      const { reported, controls, clock } = await start({ names });
      controls.agent('conveyor-line-7-gearbox').alarmsActive = 2;
      for (const agent of controls.agents.values()) agent.metrics.inc('messages', 123_456_789);
      await clock.advance(HEARTBEAT);
      const bytes = Buffer.byteLength(JSON.stringify({ state: { reported: reported() } }));
      assert.ok(bytes < 6_200, `${bytes} bytes`);
      assert.ok((reported()['trimmed'] as string[]).includes('counters'));
      const agents = reported()['agents'] as Record<string, { alarmsActive: number }>;
      assert.equal(agents['conveyor-line-7-gearbox']?.alarmsActive, 2, 'the one that matters is there');
      if (count === 200) assert.equal(reported()['agentsOmitted'], 199);
    }
  });

  it('reports a rollout: each state at once, and how it ended', async () => {
    const { controls, clock, shadow, reported } = await start();
    assert.equal(rollout(), undefined, 'without rollouts there is nothing to tell');
    const rollouts = new FakeRollouts();
    controls.agent().rollouts = rollouts;
    await clock.advance(SECOND);
    assert.deepEqual(rollout(), { state: 'idle', active: '1.0.0' });
    rollouts.change({ state: 'canary', candidate: modelRef('1.1.0') });
    await clock.advance(SECOND);
    assert.deepEqual(onTheWire(shadow.reports.at(-1)?.reported)['agents'], {
      press: { rollout: { state: 'canary', candidate: '1.1.0' } },
    });
    rollouts.end('r-1', 'rolledBack', { reason: 'x'.repeat(500) });
    await clock.advance(SECOND);
    assert.partialDeepStrictEqual(rollout(), {
      ...{ state: 'idle', active: '1.0.0' },
      last: {
        ...{ version: '1.1.0', outcome: 'rolledBack', from: '1.0.0', code: 'E_ROLLOUT_GATE' },
        ...{ atMs: 121_000, durationMs: 120_000, reason: `${'x'.repeat(119)}…` },
        evidence: ['agreement: 0.2, allowed 0.9, of 200'],
      },
    });
    assert.equal(rollout()?.['candidate'], undefined);
    assert.ok(levels(reported()) <= 6, 'AWS IoT refuses a shadow that is nested deeper');

    function levels(value: unknown): number {
      if (typeof value !== 'object' || value === null) return 0;
      return 1 + Math.max(0, ...Object.values(value).map(levels));
    }

    function rollout(): Record<string, unknown> | undefined {
      const agents = onTheWire(reported())['agents'] as Record<string, { rollout?: Record<string, unknown> }>;
      return agents['press']?.rollout;
    }
  });

  it('leaves out how rollouts ended before those under way, where there are too many', async () => {
    const names = Array.from({ length: 60 }, (_, i) => `conveyor-line-${i}-gearbox`);
    const { reported, controls, clock } = await start({ names });
    for (const agent of controls.agents.values()) {
      const rollouts = new FakeRollouts();
      rollouts.end('r-1', 'rolledBack', { reason: 'x'.repeat(500) });
      agent.rollouts = rollouts;
    }
    const busy = controls.agent('conveyor-line-50-gearbox').rollouts as FakeRollouts;
    busy.change({ state: 'watching' });
    await clock.advance(HEARTBEAT);
    assert.ok(Buffer.byteLength(JSON.stringify(reported())) <= 6_144);
    const agents = onTheWire(reported())['agents'] as Record<string, { rollout: { state: string; last?: object } }>;
    assert.deepEqual(agents['conveyor-line-50-gearbox']?.rollout, { state: 'watching', active: '1.0.0' });
  });

  it('stops with no timer left, and reports nothing more', async () => {
    const { reporter, clock, controls, shadow } = await start();
    await clock.advance(2 * SECOND);
    await reporter.stop();
    controls.mode = 'observe';
    reporter.changed();
    await clock.advance(HEARTBEAT);
    assert.equal(shadow.reports.length, 1);
    assert.equal(clock.pending, 0);
  });
});

async function start({ shadow = new FakeShadow(), names = ['press'] }: { shadow?: FakeShadow; names?: string[] } = {}) {
  const clock = new FakeClock();
  const controls = new FakeControls(names, clock);
  const log = new FakeLog();
  const { counters } = controls;
  const reporter = new ShadowReporter({ shadow, controls, clock, log, counters, heartbeatMs: HEARTBEAT });
  await reporter.start();
  await clock.advance(0);
  const reported = (): ShadowDocument => shadow.store.state?.reported ?? {};
  return { shadow, clock, controls, log, reporter, reported };
}

/** What JSON leaves of a document: no undefined fields. */
function onTheWire(document: ShadowDocument = {}): ShadowDocument {
  return JSON.parse(JSON.stringify(document));
}
