import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import { encodeFrame } from '../../../src/sim/nucleus/ipc/frame.ts';
import type { AccessControl, NucleusMode } from '../../../src/sim/nucleus/services.ts';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { type Client, connectClient, errorOf } from '../../fixtures/nucleus-client.ts';
import { startTestNucleusIpc, type TestNucleusIpc } from '../../fixtures/nucleus-ipc.ts';

const MODES: readonly NucleusMode[] = ['classic', 'lite'];
const ONLY_DT: AccessControl = {
  'aws.greengrass.ipc.pubsub': {
    'com.openclaw.edge.Agent:pubsub:1': { operations: ['aws.greengrass#PublishToTopic'], resources: ['dt/*'] },
  },
};

for (const mode of MODES) {
  describe(`what the simulated ${mode} nucleus refuses, with the real client`, () => {
    let nucleus: TestNucleusIpc;
    let client: Client;

    beforeEach(async () => {
      nucleus = await startTestNucleusIpc({ mode, accessControl: ONLY_DT });
      client = await connectClient(nucleus);
    });

    afterEach(async () => {
      await client.close();
      await nucleus.close();
    });

    const publish = (topic: string, message: unknown = {}) =>
      client.publishToTopic({ topic, publishMessage: { jsonMessage: { message } } });

    it('is what accessControl does not allow', async () => {
      await publish('dt/a');
      const refused = await errorOf(publish('cmd/a'));
      const text =
        mode === 'classic'
          ? `Principal ${nucleus.component} is not authorized to perform aws.greengrass.ipc.pubsub:aws.greengrass#PublishToTopic on resource cmd/a`
          : 'IPC Operation not authorized.';
      assert.deepEqual(refused, { code: 'UnauthorizedError', text });
      const subscribed = await errorOf(client.subscribeToTopic({ topic: 'dt/a' }).activate());
      assert.equal(subscribed.code, 'UnauthorizedError');
    });

    it('changes at once with the permissions', async () => {
      nucleus.services.allow(nucleus.component, {});
      assert.equal((await errorOf(publish('dt/a'))).code, 'UnauthorizedError');
      nucleus.services.allow(nucleus.component, ONLY_DT);
      await publish('dt/a');
    });

    it('is a message that is none', async () => {
      // The client refuses to send it, unless it is told not to look.
      const neither = client.publishToTopic({ topic: 'dt/a', publishMessage: {} }, { disableValidation: true });
      assert.equal((await errorOf(neither)).code, 'ServiceError');
    });

    it('is an operation that it does not serve', async () => {
      const refused = await errorOf(client.pauseComponent({ componentName: 'x' }));
      const text = mode === 'classic' ? 'Operation aws.greengrass#PauseComponent is not supported by Greengrass' : '';
      assert.deepEqual(refused, { code: 'ServiceError', text });
    });

    it('are metrics of a component that is not AWS', async () => {
      const metrics = [{ name: 'a', unit: greengrasscoreipc.model.MetricUnitType.COUNT, value: 1 }];
      const refused = await errorOf(client.putComponentMetric({ metrics }));
      assert.equal(refused.code, mode === 'classic' ? 'UnauthorizedError' : 'ServiceError');
    });

    it('keeps serving others when a client sends rubbish', async () => {
      for (const rubbish of [
        Buffer.from('GET / HTTP/1.1\r\n\r\n'),
        Buffer.alloc(64),
        Buffer.from(encodeFrame({ type: 0, flags: 0, stream: 1, headers: {}, payload: Buffer.from('{}') })),
      ]) {
        const socket = connect(nucleus.socketPath);
        socket.on('error', () => {});
        socket.write(rubbish);
        socket.resume();
        await once(socket, 'close');
      }
      await publish('dt/a');
    });
  });
}

describe('packets of the simulated lite nucleus, 10,000 bytes at most', () => {
  let nucleus: TestNucleusIpc;
  let client: Client;

  beforeEach(async () => {
    nucleus = await startTestNucleusIpc({ mode: 'lite', configuration: { long: 'x'.repeat(10_000), short: 'x' } });
    client = await connectClient(nucleus);
  });

  afterEach(async () => {
    await client.close();
    await nucleus.close();
  });

  const publish = (bytes: number) =>
    client.publishToTopic({ topic: 'a', publishMessage: { binaryMessage: { message: Buffer.alloc(bytes) } } });

  it('carry about 7 KB of bytes', async () => {
    const sizes: number[] = [];
    const stream = client.subscribeToTopic({ topic: 'a' });
    stream.on('message', ({ binaryMessage }) => sizes.push(Buffer.from(binaryMessage?.message as ArrayBuffer).length));
    await stream.activate();
    await publish(7_200);
    await waitFor('the message', () => sizes.length === 1);
    assert.deepEqual(sizes, [7_200]);
  });

  it('that are longer cost the connection', async () => {
    const lost = new Promise((resolve) => client.on('disconnection', resolve));
    // The client never settles such a call.
    void publish(7_500);
    await lost;
  });

  it('that would be longer as an answer become an error, and as an event are left out', async () => {
    assert.deepEqual(await errorOf(client.getConfiguration({ keyPath: ['long'] })), { code: 'ServiceError', text: '' });
    const got: unknown[] = [];
    const stream = client.subscribeToTopic({ topic: 'a' });
    stream.on('message', (message) => got.push(message));
    await stream.activate();
    const base64 = Buffer.alloc(8_000).toString('base64');
    nucleus.pubsub.publish('other', 'a', { kind: 'binary', base64 });
    await publish(1);
    await waitFor('the short one', () => got.length > 0);
    assert.equal(got.length, 1);
    await client.getConfiguration({ keyPath: ['short'] });
  });

  it('of a topic longer than 256 bytes are refused', async () => {
    const topic = 'x'.repeat(257);
    const published = client.publishToTopic({ topic, publishMessage: { jsonMessage: { message: 1 } } });
    assert.deepEqual(await errorOf(published), { code: 'ServiceError', text: 'Failed to publish the message.' });
    const subscribed = client.subscribeToTopic({ topic }).activate();
    assert.deepEqual(await errorOf(subscribed), { code: 'ServiceError', text: 'Failed to bind subscription.' });
  });

  it('of more than 100 subscriptions are refused, until one is given back', async () => {
    const streams = Array.from({ length: 100 }, () => client.subscribeToTopic({ topic: 'a' }));
    await Promise.all(streams.map((stream) => stream.activate()));
    assert.equal(
      (await errorOf(client.subscribeToTopic({ topic: 'a' }).activate())).text,
      'Failed to bind subscription.',
    );
    await streams[0]?.close();
    await waitFor('a free place', () => accepts(() => client.subscribeToTopic({ topic: 'a' }).activate()));
  });

  it('are for 50 clients, and the next is turned away', async () => {
    const others = await Promise.all(Array.from({ length: 49 }, () => connectClient(nucleus)));
    await assert.rejects(connectClient(nucleus));
    await Promise.all(others.map((other) => other.close()));
  });

  it('are free again when the connection of who held subscriptions is gone', async () => {
    const other = await connectClient(nucleus);
    const streams = Array.from({ length: 100 }, () => other.subscribeToTopic({ topic: 'a' }));
    await Promise.all(streams.map((stream) => stream.activate()));
    await other.close();
    await waitFor('a free place', () => accepts(() => client.subscribeToTopic({ topic: 'a' }).activate()));
  });
});

async function accepts(call: () => Promise<unknown>): Promise<boolean> {
  return call().then(
    () => true,
    () => false,
  );
}
