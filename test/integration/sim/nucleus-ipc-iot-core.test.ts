import assert from 'node:assert/strict';
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import mqtt, { type MqttClient } from 'mqtt';
import { IotCoreBroker } from '../../../src/sim/nucleus/iot-core-broker.ts';
import { LiteIotCore } from '../../../src/sim/nucleus/iot-core-lite.ts';
import type { NucleusMode } from '../../../src/sim/nucleus/services.ts';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { type Client, connectClient, errorOf } from '../../fixtures/nucleus-client.ts';
import { ALLOW_ALL, startTestNucleusIpc, type TestNucleusIpc } from '../../fixtures/nucleus-ipc.ts';

const MODES: readonly NucleusMode[] = ['classic', 'lite'];
const { QOS } = greengrasscoreipc.model;
const AT_LEAST_ONCE = QOS.AT_LEAST_ONCE;

for (const mode of MODES) {
  describe(`AWS IoT Core through the simulated ${mode} nucleus, with the real client`, () => {
    let broker: IotCoreBroker;
    let brokerUrl: string;
    let cloud: MqttClient;
    let nucleus: TestNucleusIpc;
    let client: Client;

    beforeEach(async () => {
      broker = new IotCoreBroker();
      brokerUrl = await broker.start();
      cloud = await mqtt.connectAsync(brokerUrl, { reconnectPeriod: 50 });
      nucleus = await startTestNucleusIpc({ mode, brokerUrl, thing: 'press-1' });
      client = await connectClient(nucleus);
      await waitFor('IoT Core', nucleus.isOnline);
    });

    afterEach(async () => {
      await client.close();
      await nucleus.close();
      await cloud.endAsync(true);
      await broker.stop();
    });

    /** Subscribes as a component, and collects what comes. */
    async function listen(topicName: string): Promise<string[]> {
      const got: string[] = [];
      const stream = client.subscribeToIoTCore({ topicName, qos: AT_LEAST_ONCE });
      stream.on('message', ({ message }) => {
        got.push(`${message?.topicName} ${Buffer.from(message?.payload as ArrayBuffer)}`);
      });
      await stream.activate();
      return got;
    }

    function publish(topicName: string, payload: string | Buffer, qos = AT_LEAST_ONCE): Promise<unknown> {
      return client.publishToIoTCore({ topicName, qos, payload });
    }

    it('carries messages both ways', async () => {
      const got = await listen('cmd/+');
      const arrived = new Promise((resolve) => cloud.on('message', (topic, payload) => resolve(`${topic} ${payload}`)));
      await cloud.subscribeAsync('dt/a');
      await publish('dt/a', 'up');
      assert.equal(await arrived, 'dt/a up');
      await cloud.publishAsync('cmd/stop', 'down', { qos: 1 });
      await waitFor('a message', () => got.length === 1);
      assert.deepEqual(got, ['cmd/stop down']);
    });

    it('answers a shadow on its topics, with version, delta and client token', async () => {
      const got = await listen('$aws/things/press-1/shadow/name/edge-agent/#');
      const prefix = '$aws/things/press-1/shadow/name/edge-agent';
      await publish(`${prefix}/get`, '{"clientToken":"a"}');
      await waitFor('the rejection', () => got.some((line) => line.startsWith(`${prefix}/get/rejected`)));
      await publish(`${prefix}/update`, '{"state":{"desired":{"x":1},"reported":{"x":0}},"clientToken":"b"}');
      await waitFor('the acceptance', () => got.some((line) => line.startsWith(`${prefix}/update/accepted`)));
      const bodies = Object.fromEntries(
        got.map((line) => [
          line.slice(prefix.length + 1, line.indexOf(' ')),
          JSON.parse(line.slice(line.indexOf(' '))),
        ]),
      );
      assert.equal(bodies['get/rejected'].code, 404);
      assert.equal(bodies['get/rejected'].clientToken, 'a');
      assert.deepEqual(bodies['update/delta'].state, { x: 1 });
      assert.equal(bodies['update/accepted'].version, 1);
      assert.equal(bodies['update/accepted'].clientToken, 'b');
    });

    it('brings subscriptions back after the broker was away', async () => {
      const got = await listen('cmd/+');
      const port = Number(new URL(brokerUrl).port);
      await broker.stop();
      await waitFor('offline', () => !nucleus.isOnline());
      await broker.start(port);
      await waitFor('online', () => nucleus.isOnline() && cloud.connected);
      await waitFor('a message', async () => {
        await cloud.publishAsync('cmd/again', 'x', { qos: 1 });
        return got.length > 0;
      });
    });

    it('says who is not allowed to publish and to subscribe', async () => {
      nucleus.services.allow(nucleus.component, {
        ...ALLOW_ALL,
        'aws.greengrass.ipc.mqttproxy': {
          one: { operations: ['aws.greengrass#PublishToIoTCore'], resources: ['dt/#'] },
        },
      });
      await publish('dt/a/b', 'x');
      const text = mode === 'classic' ? 'Not Authorized' : 'IPC Operation not authorized.';
      assert.deepEqual(await errorOf(publish('cmd/a', 'x')), { code: 'UnauthorizedError', text });
      assert.deepEqual(await errorOf(listen('dt/a')), { code: 'UnauthorizedError', text });
    });
  });
}

describe('AWS IoT Core through a nucleus whose connection is away', () => {
  let broker: IotCoreBroker;
  let nucleus: TestNucleusIpc;
  let client: Client;
  let port: number;

  async function start(mode: NucleusMode): Promise<void> {
    broker = new IotCoreBroker();
    const brokerUrl = await broker.start();
    port = Number(new URL(brokerUrl).port);
    nucleus = await startTestNucleusIpc({ mode, brokerUrl });
    client = await connectClient(nucleus);
    await waitFor('IoT Core', nucleus.isOnline);
    await broker.stop();
    await waitFor('offline', () => !nucleus.isOnline());
  }

  afterEach(async () => {
    await client.close();
    await nucleus.close();
    await broker.stop();
  });

  it('keeps QoS 1 on classic until it is back, and refuses QoS 0', async () => {
    await start('classic');
    // Retained, as there is nobody yet to hear it when it arrives.
    await client.publishToIoTCore({ topicName: 'dt/a', qos: AT_LEAST_ONCE, payload: 'kept', retain: true });
    const refused = await errorOf(
      client.publishToIoTCore({ topicName: 'dt/a', qos: QOS.AT_MOST_ONCE, payload: 'lost' }),
    );
    assert.equal(refused.code, 'ServiceError');
    assert.match(refused.text, /Device is offline\. Dropping QoS 0 message/);
    const brokerUrl = await broker.start(port);
    const cloud = await mqtt.connectAsync(brokerUrl);
    const arrived = new Promise((resolve) => cloud.on('message', (_topic, payload) => resolve(String(payload))));
    await cloud.subscribeAsync('dt/a');
    assert.equal(await arrived, 'kept');
    await cloud.endAsync(true);
  });

  it('fills the spooler of classic up to 2.5 MB, and then says so', async () => {
    await start('classic');
    const payload = Buffer.alloc(131_072);
    for (let sent = 0; sent < 20; sent++)
      await client.publishToIoTCore({ topicName: 'dt/a', qos: AT_LEAST_ONCE, payload });
    const refused = await errorOf(client.publishToIoTCore({ topicName: 'dt/a', qos: AT_LEAST_ONCE, payload }));
    assert.match(refused.text, /Message spool is full/);
    const long = Buffer.alloc(131_073);
    const tooLong = await errorOf(client.publishToIoTCore({ topicName: 'dt/a', qos: AT_LEAST_ONCE, payload: long }));
    assert.match(tooLong.text, /exceeds the configured limit/);
  });

  it('refuses everything on lite', async () => {
    await start('lite');
    const publish = client.publishToIoTCore({ topicName: 'dt/a', qos: AT_LEAST_ONCE, payload: 'x' });
    assert.deepEqual(await errorOf(publish), { code: 'ServiceError', text: 'Failed to publish the message.' });
    const subscribe = client.subscribeToIoTCore({ topicName: 'dt/a', qos: AT_LEAST_ONCE }).activate();
    assert.deepEqual(await errorOf(subscribe), { code: 'ServiceError', text: 'Failed to bind the subscription.' });
  });

  it('says on classic when IoT Core refuses a subscription', async () => {
    await start('classic');
    await broker.start(port);
    await waitFor('online', nucleus.isOnline);
    const refused = await errorOf(client.subscribeToIoTCore({ topicName: 'a/#/b', qos: AT_LEAST_ONCE }).activate());
    assert.match(refused.text, /^Subscribe to topic a\/#\/b failed with error/);
  });

  it('lets a subscription on classic wait until it is back', async () => {
    await start('classic');
    const active = client.subscribeToIoTCore({ topicName: 'cmd/a', qos: AT_LEAST_ONCE }).activate();
    await broker.start(port);
    await active;
  });
});

describe('what nucleus lite holds of AWS IoT Core', () => {
  let broker: IotCoreBroker;
  let iotCore: LiteIotCore;
  let cloud: MqttClient;

  beforeEach(async () => {
    broker = new IotCoreBroker();
    const brokerUrl = await broker.start();
    iotCore = new LiteIotCore(brokerUrl, 'press-1');
    iotCore.start();
    cloud = await mqtt.connectAsync(brokerUrl);
    await waitFor('IoT Core', () => iotCore.online);
  });

  afterEach(async () => {
    await iotCore.stop();
    await cloud.endAsync(true);
    await broker.stop();
  });

  const send = (bytes: number) =>
    iotCore.publish({ topic: 'a', payload: Buffer.alloc(bytes), qos: 1, retain: false }) === undefined;

  it('are ten messages without an acknowledgement, and then it refuses until some are there', async () => {
    for (let sent = 0; sent < 10; sent++) assert.equal(send(10), true);
    assert.equal(send(10), false);
    await waitFor('acknowledgements', () => send(10));
  });

  it('are 15,000 bytes without an acknowledgement', async () => {
    assert.equal(send(9_000), true);
    assert.equal(send(9_000), false);
    await waitFor('the acknowledgement', () => send(9_000));
  });

  it('is no message from the cloud that is longer than 5,000 bytes', async () => {
    const got: number[] = [];
    const deliver = ({ payload }: { readonly payload: Uint8Array }) => got.push(payload.length);
    await iotCore.subscribe('cmd/a', 1, deliver);
    await cloud.publishAsync('cmd/a', Buffer.alloc(5_000), { qos: 1 });
    await cloud.publishAsync('cmd/a', Buffer.alloc(4_900), { qos: 1 });
    await waitFor('the shorter one', () => got.length > 0);
    assert.deepEqual(got, [4_900]);
  });
});
