import assert from 'node:assert/strict';
import { Counters } from '../../../src/agent/metrics.ts';
import { joinBuses } from '../../../src/compose/bus.ts';
import { DEVICE_COUNTERS } from '../../../src/domain/metrics.ts';
import type { Route } from '../../../src/domain/route.ts';
import { FakeBus } from '../../fakes/bus.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { FakeOutbox } from '../../fakes/outbox.ts';

async function join(...routes: Route[]) {
  const log = new FakeLog();
  const clock = new FakeClock();
  const outbox = new FakeOutbox();
  const made = new Map(routes.map((route) => [route, new FakeBus()] as const));
  const buses = joinBuses(made, { outbox, clock, log, counters: new Counters(DEVICE_COUNTERS) });
  await outbox.start();
  const put = async (...topics: string[]) => {
    for (const topic of topics) await outbox.put([{ id: topic, class: 'alarm', topic, payload: Buffer.alloc(1) }]);
    await clock.advance(0);
  };
  const start = async () => {
    for (const part of [buses.ending, buses.senders, buses.connection]) await part.start();
    await clock.advance(0);
  };
  const delivered = (route: Route) =>
    made
      .get(route)
      ?.hub.published.map(({ topic }) => topic)
      .join(' ');
  return { buses, made, log, clock, put, start, delivered };
}

describe('the buses of a device', () => {
  for (const [there, fallback] of [
    [['iotcore', 'local', 'mqtt'], 'mqtt'],
    [['iotcore', 'local'], 'local'],
    [['mqtt'], 'mqtt'],
  ] as const) {
    it(`of which there are ${there.join(', ')}: what names none goes to ${fallback}`, async () => {
      const { buses, put, start, delivered } = await join(...there);
      assert.equal(buses.fallback, fallback);
      await start();
      await put('a', `${fallback}:b`);
      assert.equal(buses.router.publishDirect([{ topic: 'c', payload: '' }]), true);
      assert.equal(delivered(fallback), 'a b c');
    });
  }

  it('end all at once, and so do their senders: one that hangs takes no time from the others', async () => {
    const { buses, made, clock, put, start, delivered } = await join('mqtt', 'local');
    await start();
    for (const bus of made.values()) bus.holdAcks = true;
    await put('a', 'local:b');
    const stopped = buses.senders.stop(1_000);
    made.get('local')?.acknowledge();
    await clock.advance(999);
    assert.equal(delivered('local'), 'b');
    await clock.advance(1);
    await stopped;
    await buses.ending.stop(1_000);
    assert.deepEqual(
      [...made.values()].map(({ state }) => state),
      ['stopped', 'stopped'],
    );
  });

  it('tell of messages for a bus that is no longer there, and leave them', async () => {
    const { log, put, start, delivered } = await join('mqtt');
    await put('local:a', 'b');
    await start();
    assert.equal(delivered('mqtt'), 'b');
    assert.deepEqual(log.events, ['messages wait for a bus that is no longer there']);
  });
});
