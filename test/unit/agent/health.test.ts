import assert from 'node:assert/strict';
import { INTERVAL_MS } from '../../../src/agent/health.ts';
import { HEALTH_RULES } from '../../../src/agent/health-rules.ts';
import { failure } from '../../../src/domain/errors.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeControls } from '../../fakes/controls.ts';

type Case = readonly [rule: string, verdict: 'degraded' | 'unhealthy', spoil: (device: FakeControls) => void];

describe('health', () => {
  it('is healthy when nothing speaks against it', () => {
    const { verdict, reasons } = new FakeControls().health();
    assert.deepEqual([verdict, reasons], ['healthy', []]);
  });

  it('is healthy while an agent sleeps', () => {
    const device = new FakeControls();
    device.agent().sleep(undefined);
    assert.equal(device.health().verdict, 'healthy');
  });

  const cases: readonly Case[] = [
    [
      'agent-refused',
      'unhealthy',
      (device) => {
        device.agent().state = 'refused';
        device.agent().problem = failure('E_SANDBOX_UNAVAILABLE');
      },
    ],
    [
      'runner-down',
      'unhealthy',
      (device) => {
        device.agent().state = 'restarting';
      },
    ],
    [
      'loop-stalled',
      'unhealthy',
      (device) => {
        device.loopDelayMs = { p50: 1, p99: 5_001, max: 6_000 };
      },
    ],
    [
      'bus-offline',
      'degraded',
      (device) => {
        device.buses = { mqtt: { state: 'offline', error: 'no route' } };
      },
    ],
    [
      'subscription-refused',
      'degraded',
      (device) => {
        device.buses = { local: { state: 'online', error: 'accessControl lacks sensors/+/vibration' } };
      },
    ],
    [
      'outbox-drops',
      'degraded',
      (device) => {
        device.outbox.dropped.alarm = 1;
      },
    ],
    [
      'outbox-quarantine',
      'degraded',
      (device) => {
        device.outbox = { ...device.outbox, quarantined: 1 };
      },
    ],
    [
      'outbox-damage',
      'degraded',
      (device) => {
        device.outbox = { ...device.outbox, damaged: 1 };
      },
    ],
    [
      'agent-starting',
      'degraded',
      (device) => {
        device.agent().state = 'starting';
      },
    ],
    [
      'agent-waiting',
      'degraded',
      (device) => {
        device.agent().state = 'waiting';
      },
    ],
    ['windows-failed', 'degraded', (device) => device.agent().metrics.inc('windowsFailed')],
    ['windows-dropped', 'degraded', (device) => device.agent().metrics.inc('windowsDropped', 3)],
    ['bad-input', 'degraded', (device) => spoilInput(device, 100, 10)],
    [
      'loop-slow',
      'degraded',
      (device) => {
        device.loopDelayMs = { p50: 1, p99: 101, max: 200 };
      },
    ],
    [
      'memory',
      'degraded',
      (device) => {
        device.rssBytes = 600 * 1024 * 1024;
      },
    ],
  ];
  for (const [rule, verdict, spoil] of cases) {
    it(`is ${verdict} by the rule ${rule}, and says why`, () => {
      const device = new FakeControls();
      device.healthOf.start();
      spoil(device);
      const found = device.health();
      assert.equal(found.verdict, verdict);
      assert.deepEqual(
        found.reasons.map((reason) => reason.split(':')[0]),
        [rule],
      );
    });
  }

  it('has a test for each of its rules', () => {
    assert.deepEqual(
      cases.map(([rule]) => rule),
      HEALTH_RULES.map(({ name }) => name),
    );
  });

  it('names the worst first, and lets it decide', () => {
    const device = new FakeControls();
    device.buses = { mqtt: { state: 'offline', error: undefined } };
    device.agent().state = 'refused';
    const { verdict, reasons } = device.health();
    assert.equal(verdict, 'unhealthy');
    assert.match(reasons[0] ?? '', /^agent-refused: press cannot start/);
    assert.match(reasons[1] ?? '', /^bus-offline: the bus mqtt is offline/);
  });

  it('names each bus that is away, and no other', () => {
    const device = new FakeControls();
    device.buses = {
      mqtt: { state: 'online', error: undefined },
      local: { state: 'connecting', error: undefined },
      iotcore: { state: 'offline', error: 'no route' },
    };
    assert.deepEqual(device.health().reasons, [
      'bus-offline: the bus local is connecting',
      'bus-offline: the bus iotcore is offline: no route',
    ]);
  });

  it('forgives a few refused messages', () => {
    const device = new FakeControls();
    spoilInput(device, 20, 9);
    assert.equal(device.health().verdict, 'healthy', 'nine prove nothing');
    spoilInput(device, 980, 40);
    assert.equal(device.health().verdict, 'healthy', '49 of 1,000 are noise');
    spoilInput(device, 0, 1);
    assert.equal(device.health().verdict, 'degraded');
  });

  it('recovers when what was wrong is two intervals ago', async () => {
    const clock = new FakeClock();
    const device = new FakeControls(['press'], clock);
    device.healthOf.start();
    device.agent().metrics.inc('windowsFailed');
    device.outbox.dropped.result = 5;
    await clock.advance(INTERVAL_MS);
    assert.equal(device.health().reasons.length, 2, 'one interval ago is recent');
    await clock.advance(INTERVAL_MS);
    assert.equal(device.health().verdict, 'healthy');
    assert.equal(device.loopResets, 2, 'the delay of the loop starts anew with each interval');
    device.healthOf.stop();
    assert.equal(clock.pending, 0);
  });

  it('holds no drops of an earlier run against this one', () => {
    const device = new FakeControls();
    device.outbox.dropped.result = 5;
    device.healthOf.start();
    assert.equal(device.health().verdict, 'healthy');
  });

  it('tells the uptime by the clock that never jumps', async () => {
    const clock = new FakeClock();
    const device = new FakeControls(['press'], clock);
    device.healthOf.start();
    await clock.advance(5_000);
    clock.jump(-3_600_000);
    assert.equal(device.health().uptimeMs, 5_000);
  });
});

function spoilInput(device: FakeControls, messages: number, bad: number): void {
  device.agent().metrics.inc('messages', messages);
  for (let i = 0; i < bad; i++) device.agent().metrics.bad('not-json');
}
