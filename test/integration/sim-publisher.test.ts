import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { decode } from 'cborg';
import { connectAsync, type MqttClient } from 'mqtt';
import { Bearing } from '../../src/sim/bearing.ts';
import { bearings } from '../../src/sim/bearings.ts';
import { Publisher, windowsDueByKey } from '../../src/sim/publisher.ts';
import { Replay } from '../../src/sim/replay.ts';
import { skip } from '../skip.ts';
import { end, freePlace, startAedes, startMosquitto, type TestBroker } from './sim-brokers.ts';

const three = () => bearings({ count: 3, fail: ['inner'], seed: 1, onsetSec: 0, failSec: 1 });
/** Fast enough for a test, slow enough that the pace can be seen: a message of a sensor every 2.1 ms. */
const RATE = 10;

describe('sim/publisher with a broker', function () {
  this.timeout(15_000);
  let broker: Awaited<ReturnType<typeof startAedes>>;
  const publishers: Publisher[] = [];
  const others: TestBroker[] = [];
  const children: ChildProcess[] = [];
  beforeEach(async () => {
    broker = await startAedes();
  });
  afterEach(async () => {
    for (const publisher of publishers.splice(0)) await publisher.stop();
    for (const child of children.splice(0)) await end(child);
    for (const other of [broker, ...others.splice(0)]) await other.stop();
  });

  async function publish(options: Partial<ConstructorParameters<typeof Publisher>[0]> = {}): Promise<Publisher> {
    const publisher = new Publisher({ broker: broker.url, sensors: three(), durationMs: 500, rate: RATE, ...options });
    publishers.push(publisher);
    assert.deepEqual(await publisher.start(), { ok: true, value: undefined });
    return publisher;
  }

  const values = (payload: Buffer): number[] => JSON.parse(payload.toString()).values;

  it('delivers every sample of every sensor, in order and at its time', async () => {
    const publisher = await publish();
    const before = Date.now();
    const sent = await publisher.run();
    const tookMs = Date.now() - before;
    await publisher.stop();

    assert.equal(sent.messages, 3 * 234);
    assert.equal(sent.missed, 0);
    assert.equal(publisher.sent().delivered, sent.messages);
    assert.ok(tookMs > 450 && tookMs < 5_000, `${tookMs} ms for 500`);
    for (const [i, twin] of three().entries()) {
      const mine = broker.received.filter(({ topic }) => topic === `sensors/bearing-${i + 1}/vibration`);
      const samples = Float32Array.from(mine.flatMap(({ payload }) => values(payload)));
      assert.equal(samples.length, sent.sensors[i]?.samples);
      assertClose(samples, twin.next(samples.length));
      const times: number[] = mine.map(({ payload }) => JSON.parse(payload.toString()).ts);
      assert.ok(times.every((ts, at) => ts >= (times[at - 1] ?? before)));
      assert.ok(Math.abs((times.at(-1) ?? 0) - (times[0] ?? 0) - (233 * 256) / 120) < 2);
    }
  });

  it('tells how many windows each key is due, and what is wrong with it', async () => {
    const sent = await (await publish()).run();
    assert.deepEqual(
      [...windowsDueByKey(sent, 2048, 1024)],
      [
        ['bearing-1', 57],
        ['bearing-2', 57],
        ['bearing-3', 57],
      ],
    );
    assert.deepEqual(
      sent.sensors.map(({ fault }) => fault),
      ['none', 'none', 'inner'],
    );
  });

  it('ends when every recording has ended, the rest of a batch included', async () => {
    const samples = new Float32Array(1000).fill(0.5);
    const sensors = [
      new Replay({ key: 'long', fault: 'none', rpm: 1797, samples }),
      new Replay({ key: 'short', fault: 'ball', rpm: 1797, samples: samples.subarray(0, 256) }),
    ];
    const sent = await (await publish({ sensors, durationMs: 60_000 })).run();
    assert.deepEqual(
      sent.sensors.map(({ key, messages, samples }) => [key, messages, samples]),
      [
        ['long', 4, 1000],
        ['short', 1, 256],
      ],
    );
  });

  it('stops at once when its signal is aborted', async () => {
    const publisher = await publish({ durationMs: 60_000, rate: 1 });
    const stop = new AbortController();
    const running = publisher.run(stop.signal);
    await wait(100);
    stop.abort();
    const sent = await Promise.race([running, wait(1_000).then(() => assert.fail('it goes on'))]);
    assert.ok(sent.messages > 0 && sent.messages < 60);
  });

  it('counts what it could not send while the broker is away, and goes on when it is back', async () => {
    const { port } = broker;
    const publisher = await publish({ durationMs: 60_000, rate: 5 });
    const stop = new AbortController();
    const running = publisher.run(stop.signal);
    await wait(200);
    await broker.stop();
    await wait(300);
    broker = await startAedes(port);
    for (let i = 0; i < 500 && broker.received.length < 10; i++) await wait(10);
    stop.abort();
    const sent = await running;
    assert.ok(broker.received.length >= 10, 'nothing came after the restart');
    assert.ok(sent.missed > 20, `${sent.missed} missed`);
  });

  it('waits for acknowledgements with QoS 1 before it closes', async () => {
    const publisher = await publish({ qos: 1, sensors: [new Bearing({ seed: 1, fault: 'none' })] });
    const sent = await publisher.run();
    await publisher.stop();
    assert.equal(publisher.sent().delivered, sent.messages);
    assert.equal(broker.received.length, sent.messages);
  });

  it('holds back instead of filling the memory when the broker takes nothing', async function () {
    // A broker that is frozen: it is connected and acknowledges nothing.
    const mosquitto = await startMosquitto();
    if (mosquitto === undefined) skip(this, 'mosquitto is not installed');
    others.push(mosquitto);
    const publisher = await publish({ broker: mosquitto.url, qos: 1, rate: 1000, durationMs: 2_000 });
    mosquitto.pause();
    const stop = new AbortController();
    const running = publisher.run(stop.signal);
    await wait(500);
    const held = publisher.sent().messages;
    stop.abort();
    await running;
    assert.ok(held > 0 && held <= 256, `${held} messages without an acknowledgement`);
    // It never acknowledges: the deadline must end the waiting.
    await Promise.race([publisher.stop(100), wait(1_000).then(() => assert.fail('it waits on'))]);
  });

  it('says after some seconds that there is no broker', async () => {
    const { url } = await freePlace();
    const publisher = new Publisher({ broker: url, sensors: three(), durationMs: 500 });
    publishers.push(publisher);
    const started = await publisher.start();
    assert.equal(!started.ok && started.error.code, 'E_BUS_UNREACHABLE');
    assert.match(started.ok ? '' : started.error.message, /ECONNREFUSED/);
  });

  it('gives up connecting when it is stopped', async () => {
    const { url } = await freePlace();
    const stop = new AbortController();
    const publisher = new Publisher({ broker: url, sensors: three(), durationMs: 500 });
    publishers.push(publisher);
    const starting = publisher.start(stop.signal);
    stop.abort();
    assert.equal((await starting).ok, false);
  });

  it('reaches a subscriber of mosquitto in every format', async function () {
    const mosquitto = await startMosquitto();
    if (mosquitto === undefined) skip(this, 'mosquitto is not installed');
    others.push(mosquitto);
    // A retained message tells that the subscription stands.
    await connected(mosquitto.url, (client) => client.publishAsync('plant/ready/v', '!', { retain: true, qos: 1 }));
    const subscriber = spawn('mosquitto_sub', ['-p', String(mosquitto.port), '-t', 'plant/+/v', '-F', '%t %x'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    children.push(subscriber);
    let printed = '';
    subscriber.stdout.on('data', (chunk: Buffer) => {
      printed += chunk;
    });
    await once(subscriber.stdout, 'data');

    const expected = new Bearing({ seed: 1, fault: 'outer' }).next(256);
    for (const format of ['json', 'cbor', 'f32le'] as const) {
      printed = '';
      const sensors = [new Bearing({ key: format, seed: 1, fault: 'outer' })];
      const publisher = await publish({
        broker: mosquitto.url,
        sensors,
        format,
        topic: 'plant/{key}/v',
        durationMs: 50,
      });
      const sent = await publisher.run();
      assert.equal(sent.messages, 23);
      const lines = () => printed.match(new RegExp(`^plant/${format}/v [0-9a-f]+$`, 'gm')) ?? [];
      for (let i = 0; i < 200 && lines().length < 23; i++) await wait(10);
      assert.equal(lines().length, 23);
      const payload = Buffer.from(lines()[0]?.split(' ')[1] ?? '', 'hex');
      assertClose(samplesOf(format, payload), expected);
    }
  });
});

async function connected(url: string, act: (client: MqttClient) => Promise<unknown>): Promise<void> {
  const client = await connectAsync(url);
  await act(client);
  await client.endAsync();
}

/** JSON carries a millionth of a g; the other formats all bits. */
function assertClose(actual: ArrayLike<number>, expected: Float32Array): void {
  assert.equal(actual.length, expected.length);
  const bad = expected.findIndex((value, i) => !(Math.abs(value - (actual[i] ?? Number.NaN)) < 1e-6));
  assert.equal(bad, -1, `sample ${bad} is ${actual[bad]}, not ${expected[bad]}`);
}

function samplesOf(format: 'json' | 'cbor' | 'f32le', payload: Buffer): number[] {
  if (format === 'json') return JSON.parse(payload.toString()).values;
  if (format === 'cbor') return decode(payload).values;
  return Array.from({ length: payload.length / 4 }, (_, i) => payload.readFloatLE(i * 4));
}
