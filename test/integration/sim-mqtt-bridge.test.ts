import assert from 'node:assert/strict';
import { connectAsync, type MqttClient } from 'mqtt';
import { EmbeddedBroker } from '../../src/adapters/aedes/embedded-broker.ts';
import { bridgeLoop, MqttBridge } from '../../src/sim/nucleus/mqtt-bridge.ts';
import { PubSub } from '../../src/sim/nucleus/pubsub.ts';
import { FakeLog } from '../fakes/log.ts';

describe('The MQTT bridge of the simulated nucleus', () => {
  const broker = new EmbeddedBroker({ port: 0, log: new FakeLog() });
  const pubsub = new PubSub('classic');
  let bridge: MqttBridge;
  let client: MqttClient;

  before(async () => {
    const started = await broker.start();
    assert(started.ok);
    bridge = new MqttBridge({ broker: started.value.url, pubsub, inwards: ['sensors/#'], outwards: ['dt/#'] });
    await bridge.start();
    client = await connectAsync(started.value.url, { protocolVersion: 4 });
  });

  after(async () => {
    await client.endAsync(true);
    await bridge.stop();
    await broker.stop();
  });

  it('carries what sensors publish to the components', async () => {
    const heard = new Promise<{ topic: string; text: string }>((resolve) => {
      pubsub.subscribe({
        filter: 'sensors/+/vibration',
        component: 'an.Agent',
        deliver: (topic, message) => {
          const bytes = message.kind === 'binary' ? Buffer.from(message.base64, 'base64') : Buffer.alloc(0);
          resolve({ topic, text: bytes.toString() });
        },
      });
    });
    await client.publishAsync('sensors/a/vibration', '{"values":[1]}', { qos: 1 });
    assert.deepEqual(await heard, { topic: 'sensors/a/vibration', text: '{"values":[1]}' });
  });

  it('carries what components publish to the broker, as JSON or as bytes, and nothing else', async () => {
    const seen: string[] = [];
    const two = new Promise<void>((resolve) => {
      client.on('message', (topic, payload) => {
        if (seen.push(`${topic} ${payload}`) === 2) resolve();
      });
    });
    await client.subscribeAsync('#', { qos: 1 });
    pubsub.publish('an.Agent', 'private/x', { kind: 'json', message: 1 });
    pubsub.publish('an.Agent', 'dt/x', { kind: 'json', message: { ok: true } });
    pubsub.publish('an.Agent', 'dt/y', { kind: 'binary', base64: Buffer.from('raw').toString('base64') });
    await two;
    assert.deepEqual(seen, ['dt/x {"ok":true}', 'dt/y raw']);
  });

  it('stops when it is told to, and then carries nothing', async () => {
    await bridge.stop();
    await bridge.stop();
    pubsub.publish('an.Agent', 'dt/x', { kind: 'json', message: 1 });
    assert.equal(bridge.dropped, 0);
  });

  it('says when there is no broker', async () => {
    const alone = new MqttBridge({ broker: 'mqtt://127.0.0.1:1', pubsub, inwards: [], outwards: [] });
    await assert.rejects(alone.start(), /ECONNREFUSED/);
    await alone.stop();
  });

  it('finds the filters by which a message would go round and round', () => {
    const loops: readonly (readonly [string, string, boolean])[] = [
      ['sensors/#', 'dt/edge-agent/+/inference', false],
      ['a/+/c', 'a/b/+', true],
      ['a/+/c', 'a/b/+/d', false],
      ['a/#', 'a', true],
      ['#', 'x/y', true],
      ['a/b', 'a/c', false],
    ];
    for (const [inwards, outwards, expected] of loops) {
      assert.equal(bridgeLoop(['other', inwards], [outwards]) !== undefined, expected, `${inwards} ${outwards}`);
      assert.equal(bridgeLoop([outwards], [inwards]) !== undefined, expected, `${outwards} ${inwards}`);
    }
  });
});
