import assert from 'node:assert/strict';
import type { Packet } from 'mqtt-packet';
import { MqttBus } from '../../src/adapters/mqtt/mqtt-bus.ts';
import type { MqttBusOptions } from '../../src/adapters/mqtt/options.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { collect, goOnline, states, until } from '../contract/bus-contract.ts';
import { FakeClock } from '../fakes/clock.ts';
import { FakeLog } from '../fakes/log.ts';
import { polite, ScriptedBroker } from '../fixtures/scripted-broker.ts';

describe('MqttBus against a broker that does as the test says', function () {
  this.timeout(10_000);
  let broker: ScriptedBroker;
  let log: FakeLog;
  const buses: MqttBus[] = [];

  afterEach(async () => {
    for (const bus of buses.splice(0)) await bus.stop(500);
    await broker.stop();
  });

  it('keeps nothing of a message that was in flight when the connection ended, and sends it never again', async () => {
    const bus = await open({ persistent: true });
    await goOnline(bus);
    broker.script = without('publish', polite);
    const sent = bus.publishAcked({ topic: 'a/b', payload: 'x' });
    await until(() => broker.of('publish').length === 1);
    broker.script = polite;
    broker.cut();
    const result = await sent;
    assert.equal(!result.ok && result.error.code, 'E_BUS_OFFLINE');
    await until(() => bus.state === 'online' && broker.connections === 2);
    assert.equal((await bus.publishAcked({ topic: 'a/b', payload: 'y' })).ok, true);
    assert.deepEqual(broker.of('publish').map(payloadOf), ['x', 'y']);
  });

  it('ends a connection on which nothing is acknowledged, and says so', async () => {
    const clock = new FakeClock();
    const bus = await open({ clock });
    await goOnline(bus);
    broker.script = without('publish', polite);
    const sent = bus.publishAcked({ topic: 'a/b', payload: 'x' });
    await until(() => broker.of('publish').length === 1);
    await clock.advance(29_000);
    assert.equal(bus.state, 'online');
    await clock.advance(1_000);
    const result = await sent;
    assert.equal(!result.ok && result.error.code, 'E_BUS_OFFLINE');
    assert.match(bus.lastError?.message ?? '', /acknowledged nothing for 30 s/);
  });

  it('asks for a session that lasts only where it is told to', async () => {
    const bus = await open({ persistent: true, version: 5 });
    await goOnline(bus);
    const other = await open({ version: 5 }, broker);
    await goOnline(other);
    const connects = broker
      .of('connect')
      .map((packet) => packet.cmd === 'connect' && [packet.clean, packet.properties]);
    assert.deepEqual(connects, [
      [false, { sessionExpiryInterval: 3_600, receiveMaximum: 100, maximumPacketSize: 1_048_576 }],
      [true, { sessionExpiryInterval: 0, receiveMaximum: 100, maximumPacketSize: 1_048_576 }],
    ]);
  });

  it('writes a batch of direct messages in one piece', async () => {
    const bus = await open();
    const chunks: number[] = [];
    broker.script = (packet, send, socket) => {
      if (packet.cmd === 'connect') socket.on('data', (chunk) => chunks.push(chunk.length));
      polite(packet, send);
    };
    await goOnline(bus);
    chunks.length = 0;
    const messages = Array.from({ length: 50 }, (_, i) => ({ topic: 'a/b', payload: `${i}`.repeat(50) }));
    bus.publishDirect(messages);
    await until(() => broker.of('publish').length === 50);
    assert.equal(chunks.length, 1);
    assert.deepEqual(
      broker.of('publish').map(payloadOf),
      messages.map(({ payload }) => payload),
    );
  });

  it('keeps direct and acknowledged messages in order on the wire', async () => {
    const bus = await open();
    await goOnline(bus);
    const acked = bus.publishAcked({ topic: 'a/b', payload: '1' });
    bus.publishDirect([{ topic: 'a/b', payload: '2' }]);
    assert.equal((await acked).ok, true);
    await until(() => broker.of('publish').length === 2);
    assert.deepEqual(broker.of('publish').map(payloadOf), ['1', '2']);
  });

  it('refuses direct messages while the network does not keep up', async () => {
    const bus = await open();
    await goOnline(bus);
    broker.script = (_packet, _send, socket) => socket.pause();
    const batch = Array.from({ length: 100 }, () => ({ topic: 'a/b', payload: 'x'.repeat(10_000) }));
    let batches = 0;
    while (bus.publishDirect(batch)) {
      batches++;
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(batches < 1_000, 'a choked socket must be noticed');
    }
    assert.equal(bus.state, 'online');
  });

  it('acknowledges a message only when the promise of its handler has settled', async () => {
    const bus = await open();
    const waiting: (() => void)[] = [];
    bus.subscribe('cmd', 1, () => new Promise((resolve) => waiting.push(resolve)));
    const behind = collect(bus, 'behind');
    await goOnline(bus);
    broker.send(publish('cmd', 'x', 1));
    broker.send(publish('behind', 'y', 2));
    await until(() => waiting.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    assert.deepEqual([broker.of('puback'), behind], [[], []]);
    waiting[0]?.();
    await until(() => broker.of('puback').length === 2);
    assert.deepEqual(
      broker.of('puback').map(({ messageId }) => messageId),
      [1, 2],
    );
    assert.equal(behind.length, 1);
  });

  it('acknowledges what a handler failed on, and says so in the log', async () => {
    const bus = await open();
    bus.subscribe('a', 1, () => {
      throw new Error('no');
    });
    await goOnline(bus);
    broker.send(publish('a', 'x', 9));
    await until(() => broker.of('puback').length === 1);
    assert.ok(log.events.includes('a message handler failed'));
  });

  it('hands messages of a resumed session over only when it is online enough to publish', async () => {
    const bus = await open({ persistent: true });
    const windows: number[] = [];
    bus.subscribe('a', 1, () => {
      windows.push(bus.window);
    });
    broker.script = (packet, send) => {
      if (packet.cmd !== 'connect') return polite(packet, send);
      send({ cmd: 'connack', returnCode: 0, sessionPresent: true });
      send(publish('a', 'x', 1));
    };
    await goOnline(bus);
    await until(() => windows.length === 1);
    assert.deepEqual(windows, [100]);
  });

  it('throws a message away that is larger than allowed, acknowledges it and goes on', async () => {
    const bus = await open({ maxPacketBytes: 1_000 });
    const came = collect(bus, '#');
    await goOnline(bus);
    broker.send(publish('big', 'x'.repeat(300_000), 1));
    broker.send(publish('small', 'y', 2));
    await until(() => broker.of('puback').length === 2);
    assert.deepEqual(came, [{ topic: 'small', payload: 'y' }]);
    assert.ok(log.events.includes('message too large, thrown away'));
  });

  const BREACHES: readonly [string, Packet | Buffer][] = [
    ['bytes that are no MQTT', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ['a PUBLISH that is shorter than its topic', Buffer.from([0x30, 3, 0, 200, 65])],
    [
      'a PUBLISH with QoS 2',
      { cmd: 'publish', topic: 'a', payload: 'x', qos: 2, messageId: 1, retain: false, dup: false },
    ],
    ['a packet of a type that does not exist', Buffer.from([0x00, 0x00])],
    ['a second CONNACK', { cmd: 'connack', returnCode: 0, sessionPresent: false }],
    [
      'a SUBACK larger than a message may be',
      Buffer.concat([Buffer.from([0x90, 0x80, 0x80, 0x80, 0x01]), Buffer.alloc(70_000)]),
    ],
  ];
  for (const [what, bytes] of BREACHES) {
    it(`ends the connection over ${what}, and connects again`, async () => {
      const bus = await open();
      const told = states(bus);
      await goOnline(bus);
      broker.send(bytes);
      await until(() => told.some(([state]) => state === 'offline'));
      await until(() => bus.state === 'online');
      assert.equal(broker.connections, 2);
    });
  }

  it('tells a refusal of the broker by its name, and tries again', async () => {
    const bus = await open();
    broker.script = (packet, send) =>
      packet.cmd === 'connect' && send({ cmd: 'connack', returnCode: 5, sessionPresent: false });
    await assertFails(bus, 'E_BUS_REFUSED', /Not authorized/);
  });

  it('tells that a broker hung up without an answer', async () => {
    const bus = await open();
    broker.script = (_packet, _send, socket) => socket.destroy();
    await assertFails(bus, 'E_BUS_REFUSED', /without answering CONNECT/);
  });

  it('gives up on a broker that never answers CONNECT, or never SUBSCRIBE', async () => {
    const bus = await open({ connectTimeoutMs: 50 });
    bus.subscribe('a', 0, () => {});
    broker.script = () => {};
    await assertFails(bus, 'E_BUS_UNREACHABLE', /no answer within 50 ms/);
    broker.script = without('subscribe', polite);
    const told = states(bus);
    await until(() => told.filter(([state]) => state === 'offline').length >= 2);
    assert.equal(
      told.some(([state]) => state === 'online'),
      false,
    );
  });

  it('tells why the broker disconnected it (MQTT 5)', async () => {
    const bus = await open({ version: 5 });
    const told = states(bus);
    await goOnline(bus);
    broker.send({ cmd: 'disconnect', reasonCode: 142 });
    broker.cut();
    await until(() => told.some(([state]) => state === 'offline'));
    assert.equal(told.find(([state]) => state === 'offline')?.[1]?.code, 'E_BUS_REFUSED');
  });

  it('notices a half-open connection by its keepalive', async () => {
    const bus = await open({ keepaliveSec: 1 });
    const told = states(bus);
    await goOnline(bus);
    broker.script = without('pingreq', polite);
    await until(() => told.some(([state]) => state === 'offline'));
    assert.equal(told.find(([state]) => state === 'offline')?.[1]?.code, 'E_BUS_UNREACHABLE');
    assert.ok(broker.of('pingreq').length > 0);
  });

  it('stays online, and says which, when a subscription is refused; asks again at the next connection', async () => {
    const bus = await open();
    bus.subscribe('fine', 0, () => {});
    bus.subscribe('secret', 0, () => {});
    broker.script = (packet, send) => {
      if (packet.cmd !== 'subscribe') return polite(packet, send);
      const granted = packet.subscriptions.map(({ topic }) => (topic === 'secret' ? 0x80 : 0));
      send({ cmd: 'suback', messageId: packet.messageId ?? 0, granted });
    };
    const told = states(bus);
    await goOnline(bus);
    assert.equal(bus.lastError?.code, 'E_BUS_REJECTED');
    assert.match(bus.lastError?.message ?? '', /secret/);
    assert.doesNotMatch(bus.lastError?.message ?? '', /fine/);
    broker.script = polite;
    broker.cut();
    await until(() => told.at(-1)?.[0] === 'online' && broker.connections === 2);
    assert.deepEqual(told.at(-1), ['online', undefined]);
  });

  it('subscribes to many filters in packets of eight, with the QoS of each', async () => {
    const bus = await open();
    for (let i = 0; i < 20; i++) bus.subscribe(`f/${i}`, i < 10 ? 0 : 1, () => {});
    await goOnline(bus);
    const packets = broker.of('subscribe').map((packet) => (packet.cmd === 'subscribe' ? packet.subscriptions : []));
    assert.ok(packets.every((subscriptions) => subscriptions.length <= 8));
    assert.deepEqual(
      packets.flat().map(({ topic, qos }) => [topic, qos]),
      Array.from({ length: 20 }, (_, i) => [`f/${i}`, i < 10 ? 0 : 1]),
    );
  });

  it('has no more on the way than the broker allows (MQTT 5), and says when it is too much', async () => {
    const bus = await open({ version: 5 });
    broker.script = (packet, send) => {
      if (packet.cmd === 'connect')
        send({ cmd: 'connack', reasonCode: 0, sessionPresent: false, properties: { receiveMaximum: 2 } });
    };
    await goOnline(bus);
    assert.equal(bus.window, 2);
    const first = bus.publishAcked({ topic: 'a', payload: '1' });
    void bus.publishAcked({ topic: 'a', payload: '2' });
    assert.equal(bus.window, 0);
    const third = await bus.publishAcked({ topic: 'a', payload: '3' });
    assert.equal(!third.ok && third.error.code, 'E_BUS_BUSY');
    await until(() => broker.of('publish').length === 2);
    broker.send({ cmd: 'puback', messageId: broker.of('publish')[0]?.messageId ?? 0, reasonCode: 0 });
    assert.equal((await first).ok, true);
    assert.equal(bus.window, 1);
  });

  it('tells a message that the broker rejected (MQTT 5)', async () => {
    const bus = await open({ version: 5 });
    broker.script = (packet, send) => {
      if (packet.cmd === 'publish') send({ cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode: 135 });
      else polite(packet, send);
    };
    await goOnline(bus);
    const result = await bus.publishAcked({ topic: 'not/mine', payload: 'x' });
    assert.equal(!result.ok && result.error.code, 'E_BUS_REJECTED');
    assert.match(result.ok ? '' : result.error.message, /Not authorized.*not\/mine/);
  });

  it('keeps to itself what the broker would not take: too large, retained, QoS 1 (MQTT 5)', async () => {
    const bus = await open({ version: 5 });
    broker.script = (packet, send) => {
      const properties = { maximumPacketSize: 100, retainAvailable: false };
      if (packet.cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: false, properties });
      else polite(packet, send);
    };
    await goOnline(bus);
    for (const message of [
      { topic: 'a', payload: 'x'.repeat(100) },
      { topic: 'a', payload: 'x', retain: true },
    ]) {
      const result = await bus.publishAcked(message);
      assert.equal(!result.ok && result.error.code, 'E_BUS_REJECTED');
    }
    bus.publishDirect([
      { topic: 'a', payload: 'x'.repeat(100) },
      { topic: 'a', payload: 'fits' },
    ]);
    await until(() => broker.of('publish').length === 1);
    assert.deepEqual(broker.of('publish').map(payloadOf), ['fits']);
  });

  it('says DISCONNECT when it stops, after what is in flight', async () => {
    const bus = await open();
    await goOnline(bus);
    let acknowledge = () => {};
    broker.script = (packet, send) => {
      if (packet.cmd === 'publish') acknowledge = () => polite(packet, send);
    };
    const sent = bus.publishAcked({ topic: 'a', payload: 'x' });
    await until(() => broker.of('publish').length === 1);
    const stopped = bus.stop(5_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(broker.of('disconnect').length, 0);
    acknowledge();
    assert.equal((await sent).ok, true);
    await stopped;
    await until(() => broker.open === 0);
    assert.equal(broker.received.at(-1)?.cmd, 'disconnect');
  });

  it('is stopped within its deadline when the broker answers nothing', async () => {
    const bus = await open();
    await goOnline(bus);
    broker.script = () => {};
    const sent = bus.publishAcked({ topic: 'a', payload: 'x' });
    const before = performance.now();
    await bus.stop(100);
    assert.ok(performance.now() - before < 1_000);
    const result = await sent;
    assert.equal(!result.ok && result.error.code, 'E_BUS_OFFLINE');
  });

  it('stops at once while it connects, and while it waits to try again', async () => {
    const connecting = await open();
    broker.script = () => {};
    await connecting.start();
    await until(() => broker.connections === 1);
    await connecting.stop(5_000);
    const waiting = await open({ url: 'mqtt://127.0.0.1:1' }, broker);
    await waiting.start();
    await until(() => waiting.state === 'offline');
    await waiting.stop(5_000);
    assert.equal(waiting.state, 'stopped');
  });

  it('waits longer and longer between its attempts, and never longer than the cap', async () => {
    const pauses: number[] = [];
    const clock = { ...systemClock, sleep: async (ms: number) => void pauses.push(ms) };
    const bus = await open({ url: 'mqtt://127.0.0.1:1', clock, random: () => 1 });
    await bus.start();
    await until(() => pauses.length >= 10);
    await bus.stop(100);
    assert.deepEqual(pauses.slice(0, 10), [200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 30_000, 30_000]);
  });

  async function open(options: Partial<MqttBusOptions> = {}, on?: ScriptedBroker): Promise<MqttBus> {
    broker = on ?? (await ScriptedBroker.start(options.version ?? 4));
    log = new FakeLog();
    const base = { url: broker.url, version: 4 as const, clientId: 'device', clock: systemClock, log, random: () => 0 };
    const bus = new MqttBus({ ...base, ...options });
    buses.push(bus);
    return bus;
  }

  async function assertFails(bus: MqttBus, code: string, message: RegExp): Promise<void> {
    const told = states(bus);
    await bus.start();
    await until(() => told.filter(([state]) => state === 'offline').length >= 2);
    for (const [, error] of told.filter(([state]) => state === 'offline')) {
      assert.equal(error?.code, code);
      assert.match(error?.message ?? '', message);
    }
  }
});

type Scripted = (packet: Packet, send: (answer: Packet) => void) => void;

function without(cmd: Packet['cmd'], script: Scripted): Scripted {
  return (packet, send) => {
    if (packet.cmd !== cmd) script(packet, send);
  };
}

function publish(topic: string, payload: string, messageId: number): Packet {
  return { cmd: 'publish', topic, payload, qos: 1, messageId, retain: false, dup: false };
}

function payloadOf(packet: Packet): string {
  return packet.cmd === 'publish' ? packet.payload.toString() : '';
}
