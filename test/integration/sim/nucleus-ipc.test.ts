import assert from 'node:assert/strict';
import type { greengrasscoreipc } from 'aws-iot-device-sdk-v2';
import type { NucleusMode } from '../../../src/sim/nucleus/services.ts';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { type Client, connectClient, errorOf } from '../../fixtures/nucleus-client.ts';
import { startTestNucleusIpc, type TestNucleusIpc } from '../../fixtures/nucleus-ipc.ts';

const MODES: readonly NucleusMode[] = ['classic', 'lite'];

for (const mode of MODES) {
  describe(`Greengrass IPC of the simulated ${mode} nucleus, with the real client`, () => {
    let nucleus: TestNucleusIpc;
    let client: Client;

    beforeEach(async () => {
      nucleus = await startTestNucleusIpc({ mode });
      client = await connectClient(nucleus);
    });

    afterEach(async () => {
      await client.close();
      await nucleus.close();
    });

    it('delivers what is published to who subscribed, JSON and bytes', async () => {
      const got: greengrasscoreipc.model.SubscriptionResponseMessage[] = [];
      const stream = client.subscribeToTopic({ topic: 'plant/1' });
      stream.on('message', (message) => got.push(message));
      await stream.activate();
      await client.publishToTopic({ topic: 'plant/1', publishMessage: { jsonMessage: { message: { a: [1, null] } } } });
      await client.publishToTopic({
        topic: 'plant/1',
        publishMessage: { binaryMessage: { message: Buffer.from([0, 255]) } },
      });
      await waitFor('two messages', () => got.length === 2);
      assert.deepEqual(got[0]?.jsonMessage, { message: { a: [1, null] }, context: { topic: 'plant/1' } });
      assert.deepEqual(Buffer.from(got[1]?.binaryMessage?.message as ArrayBuffer), Buffer.from([0, 255]));
    });

    it(`${mode === 'lite' ? 'ends a subscription without a word over' : 'delivers'} a message in JSON with 45 items`, async () => {
      const got: number[] = [];
      const stream = client.subscribeToTopic({ topic: 'plant/1' });
      stream.on('message', ({ jsonMessage }) => got.push(Object.keys(jsonMessage?.message ?? {}).length));
      stream.on('ended', () => got.push(Number.NaN));
      await stream.activate();
      const publish = (items: number) => {
        const message = Array.from({ length: items }, (_, at) => at);
        return client.publishToTopic({ topic: 'plant/1', publishMessage: { jsonMessage: { message } } });
      };
      for (const items of [44, 45, 1]) await publish(items);
      // Answers of one client come in order, and so does what is pushed to it.
      await client.getConfiguration({ keyPath: [] });
      assert.deepEqual(got, mode === 'lite' ? [44] : [44, 45, 1]);
    });

    it('refuses a client with a wrong token', async () => {
      const refused = await errorOf(connectClient({ ...nucleus, svcuid: 'AAAAAAAAAAAAAAAA' }));
      assert.match(refused.code, /^Rpc/);
    });

    it('drops everybody when it is cut, and takes them again once it is back', async () => {
      const lost = new Promise((resolve) => client.on('disconnection', resolve));
      await nucleus.cut();
      await lost;
      await assert.rejects(connectClient(nucleus));
      await nucleus.restart();
      client = await connectClient(nucleus);
      await client.publishToTopic({ topic: 'x', publishMessage: { jsonMessage: { message: {} } } });
    });
  });
}
