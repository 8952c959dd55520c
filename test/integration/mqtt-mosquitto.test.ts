import assert from 'node:assert/strict';
import mqtt from 'mqtt';
import { MqttBus } from '../../src/adapters/mqtt/mqtt-bus.ts';
import type { MqttBusOptions } from '../../src/adapters/mqtt/options.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { collect, goOnline, states, until } from '../contract/bus-contract.ts';
import { FakeLog } from '../fakes/log.ts';
import { MOSQUITTO, Mosquitto, type MosquittoOptions } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

describe('MqttBus on mosquitto', function () {
  this.timeout(30_000);
  let broker: Mosquitto;
  const ends: (() => Promise<unknown>)[] = [];

  before(function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
  });

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });

  it('comes back after each kill of the broker, with every subscription once', async () => {
    await start();
    const bus = open({});
    const came = collect(bus, 't/#');
    const told = states(bus);
    await goOnline(bus);
    for (let round = 1; round <= 3; round++) {
      await broker.kill();
      await until(() => bus.state !== 'online');
      await broker.start();
      await until(() => told.filter(([state]) => state === 'online').length === round + 1);
      assert.equal((await bus.publishAcked({ topic: 't/round', payload: `${round}` })).ok, true);
    }
    await until(() => came.length >= 3);
    assert.deepEqual(
      came.map(({ payload }) => payload),
      ['1', '2', '3'],
    );
  });

  it('settles what is in flight when the broker dies, each one', async () => {
    await start();
    const bus = open({ maxInFlight: 10 });
    await goOnline(bus);
    broker.freeze();
    const sent = Array.from({ length: 10 }, (_, i) => bus.publishAcked({ topic: 't', payload: `${i}` }));
    assert.equal(bus.window, 0);
    await broker.kill();
    for (const result of await Promise.all(sent)) assert.equal(!result.ok && result.error.code, 'E_BUS_OFFLINE');
    assert.equal(bus.window, 0);
  });

  it('notices a broker that answers nothing any more', async () => {
    await start();
    const bus = open({ keepaliveSec: 1 });
    await goOnline(bus);
    broker.freeze();
    await until(() => bus.state !== 'online');
    broker.thaw();
    await until(() => bus.state === 'online');
  });

  it('gets what was sent while it was away, where its session lasts', async () => {
    for (const version of [4, 5] as const) {
      await start();
      const first = open({ version, persistent: true });
      collect(first, 't/#');
      await goOnline(first);
      await first.stop(1_000);
      const other = await mqtt.connectAsync(broker.url);
      ends.push(() => other.endAsync());
      for (let i = 0; i < 5; i++) await other.publishAsync('t/missed', `${i}`, { qos: 1 });
      const second = open({ version, persistent: true });
      const came = collect(second, 't/#');
      await goOnline(second);
      await until(() => came.length === 5);
      assert.deepEqual(
        came.map(({ payload }) => payload),
        ['0', '1', '2', '3', '4'],
      );
    }
  });

  it('carries response topic and correlation data of a request, and the reply (MQTT 5)', async () => {
    await start();
    const bus = open({ version: 5 });
    bus.subscribe('cmd', 1, ({ responseTopic = '', correlationData }) => {
      bus.publishDirect([{ topic: responseTopic, payload: 'direct', correlationData }]);
      // Not awaited: the acknowledgement comes behind this very message.
      void bus.publishAcked({ topic: responseTopic, payload: 'acked', correlationData });
    });
    await goOnline(bus);
    const caller = await mqtt.connectAsync(broker.url, { protocolVersion: 5 });
    ends.push(() => caller.endAsync());
    const replies: string[] = [];
    caller.on('message', (_topic, payload, packet) => {
      replies.push(`${payload} ${packet.properties?.correlationData}`);
    });
    await caller.subscribeAsync('reply', { qos: 1 });
    const properties = { responseTopic: 'reply', correlationData: Buffer.from('c-1'), userProperties: { a: 'b' } };
    await caller.publishAsync('cmd', 'status', { qos: 1, properties });
    await until(() => replies.length === 2);
    assert.deepEqual(replies.toSorted(), ['acked c-1', 'direct c-1']);
  });

  it("takes the broker's Receive Maximum and packet size from it (MQTT 5)", async () => {
    await start({ lines: ['max_inflight_messages 7', 'max_packet_size 2000'] });
    const bus = open({ version: 5 });
    await goOnline(bus);
    assert.equal(bus.window, 7);
    const result = await bus.publishAcked({ topic: 't', payload: 'x'.repeat(2_000) });
    assert.equal(!result.ok && result.error.code, 'E_BUS_REJECTED');
    assert.equal(bus.state, 'online');
  });

  it('says that the broker wants a user name', async () => {
    await start({ lines: ['allow_anonymous false'] });
    for (const version of [4, 5] as const) {
      const bus = open({ version });
      const told = states(bus);
      await bus.start();
      await until(() => told.some(([state]) => state === 'offline'));
      assert.equal(bus.lastError?.code, 'E_BUS_REFUSED');
      await bus.stop(1_000);
    }
  });

  it('sends ten thousand acknowledged messages in order, no more than the window at once', async () => {
    await start();
    const bus = open({});
    const came = collect(bus, 't/many');
    await goOnline(bus);
    const total = 10_000;
    let next = 0;
    const lanes = Array.from({ length: 100 }, async () => {
      while (next < total) assert.equal((await bus.publishAcked({ topic: 't/many', payload: `${next++}` })).ok, true);
    });
    await Promise.all(lanes);
    await until(() => came.length === total);
    assert.ok(came.every(({ payload }, index) => payload === `${index}`));
  });

  async function start(options: MosquittoOptions = {}): Promise<void> {
    const started = await Mosquitto.start(options);
    broker = started;
    ends.push(() => started.stop());
  }

  function open(options: Partial<MqttBusOptions>): MqttBus {
    const base = { url: broker.url, version: 4 as const, clientId: 'device', clock: systemClock };
    const bus = new MqttBus({ ...base, log: new FakeLog(), random: () => 0, ...options });
    ends.push(() => bus.stop(1_000));
    return bus;
  }
});
