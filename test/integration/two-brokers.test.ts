import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MqttBus } from '../../src/adapters/mqtt/mqtt-bus.ts';
import { SqliteOutbox } from '../../src/adapters/sqlite/outbox.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { Counters } from '../../src/agent/metrics.ts';
import { type Buses, joinBuses } from '../../src/compose/bus.ts';
import type { OutMessage } from '../../src/domain/message.ts';
import { DEVICE_COUNTERS } from '../../src/domain/metrics.ts';
import type { Route } from '../../src/domain/route.ts';
import type { Bus } from '../../src/ports/bus.ts';
import { FakeLog } from '../fakes/log.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { MOSQUITTO, Mosquitto } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

/** What waits for the bus that is away: so much that reading past it would show. */
const WAITING = 20_000;
const PER_PUT = 1_000;
const ALARMS = 100;
/** An alarm's way through the outbox and a broker on this machine takes 10 ms or so. */
const SLOW_MS = 500;

describe('a device with two buses of which one is away', function () {
  this.timeout(60_000);
  let brokers: readonly [Mosquitto, Mosquitto];
  let folder: string;
  let outbox: SqliteOutbox;
  let buses: Buses;
  const ends: (() => unknown)[] = [];

  before(function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'two-brokers-'));
    ends.push(() => rm(folder, { recursive: true, force: true }));
    brokers = [await Mosquitto.start(), await Mosquitto.start()];
    for (const broker of brokers) ends.push(() => broker.stop());
    await startDevice();
  });

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  /** Outbox, buses, router and senders as the composition root puts them together; `local` is a broker like the other. */
  async function startDevice(): Promise<void> {
    const log = new FakeLog();
    const clock = systemClock;
    const file = join(folder, 'outbox.db');
    outbox = new SqliteOutbox({ file, maxBytes: 64e6, maxFacts: 100, maxTries: 5, clock, log });
    const [mqtt, local] = brokers.map(({ url }, n) => openBus(url, `device-${n}`));
    assert.ok(mqtt !== undefined && local !== undefined);
    const all = new Map<Route, Bus>([
      ['mqtt', mqtt],
      ['local', local],
    ]);
    buses = joinBuses(all, { outbox, clock, log, counters: new Counters(DEVICE_COUNTERS) });
    await outbox.start();
    ends.push(() => outbox.stop());
    for (const part of [buses.ending, buses.senders, buses.connection]) {
      await part.start();
      ends.push(() => part.stop(2_000));
    }
    await waitFor('both buses are online', () => [mqtt, local].every(({ state }) => state === 'online'));
  }

  /** Everything that comes to a broker under `filter`, in order. */
  async function watch(broker: Mosquitto, filter: string): Promise<string[]> {
    const came: string[] = [];
    const bus = openBus(broker.url, `observer-${came.length}-${filter.length}`);
    bus.subscribe(filter, 1, ({ topic }) => void came.push(topic));
    await bus.start();
    ends.push(() => bus.stop(1_000));
    await waitFor('the observer is online', () => bus.state === 'online');
    return came;
  }

  async function put(...topics: string[]): Promise<void> {
    const rows = topics.map((topic): OutMessage => ({ id: topic, class: 'alarm', topic, payload: Buffer.alloc(200) }));
    assert.ok((await outbox.put(rows)).ok);
  }

  it('delivers alarms on the other at once, and all that waited in its order when it is back', async () => {
    const [broker, away] = brokers;
    const alarms = await watch(broker, 'alarm/#');
    await away.kill();
    await waitFor('the bus is away', () => buses.all.get('local')?.state !== 'online');
    for (let n = 0; n < WAITING; n += PER_PUT)
      await put(...Array.from({ length: PER_PUT }, (_, i) => `local:r/${n + i}`));

    const tookMs: number[] = [];
    for (let n = 0; n < ALARMS; n++) {
      const startedMs = performance.now();
      await put(n % 2 === 0 ? `alarm/${n}` : `mqtt:alarm/${n}`);
      await waitFor(`alarm ${n} is delivered`, () => alarms.length > n);
      tookMs.push(performance.now() - startedMs);
    }
    assert.deepEqual(
      alarms,
      Array.from({ length: ALARMS }, (_, n) => `alarm/${n}`),
    );
    const median = tookMs.sort((a, b) => a - b)[ALARMS / 2] ?? 0;
    assert.ok(median < SLOW_MS, `half of the alarms took more than ${median} ms`);
    await waitFor('nothing but the rows of the other bus is left', () => outbox.stats().rows === WAITING);

    await away.start();
    const results = await watch(away, 'r/#');
    await waitFor('the backlog is delivered', () => outbox.stats().rows === 0, 40_000);
    await waitFor('the observer has the last one', () => results.at(-1) === `r/${WAITING - 1}`);
    const numbers = results.map((topic) => Number(topic.slice('r/'.length)));
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => a - b),
    );
  });

  it('takes nothing from one bus to the other when it is started again', async () => {
    const [broker, away] = brokers;
    await away.kill();
    await waitFor('the bus is away', () => buses.all.get('local')?.state !== 'online');
    await put('local:a', 'b', 'local:c');
    await waitFor('the broker has its own', () => outbox.stats().rows === 2);
    for (const part of [buses.senders, buses.ending]) await part.stop(1_000);
    await outbox.stop();
    await away.start();
    const [here, there] = [await watch(broker, '#'), await watch(away, '#')];
    await startDevice();
    await waitFor('the outbox is empty', () => outbox.stats().rows === 0);
    await waitFor('the other bus has its own', () => there.length === 2);
    assert.deepEqual([here, there], [[], ['a', 'c']]);
  });
});

function openBus(url: string, clientId: string): MqttBus {
  return new MqttBus({ url, clientId, version: 5, clock: systemClock, log: new FakeLog(), random: Math.random });
}
