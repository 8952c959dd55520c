import assert from 'node:assert/strict';
import type { NucleusMode } from '../../../src/sim/nucleus/services.ts';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { startTestNucleusIpc, type TestNucleusIpc } from '../../fixtures/nucleus-ipc.ts';
import { RawClient } from '../../fixtures/nucleus-raw-client.ts';

/** About 160 MB of frames: more than either nucleus holds. */
const SENT = 20_000;
const MODES: readonly NucleusMode[] = ['classic', 'lite'];

for (const mode of MODES) {
  const isClassic = mode === 'classic';

  describe(`frames of the simulated ${mode} nucleus`, () => {
    let nucleus: TestNucleusIpc;
    let client: RawClient;

    beforeEach(async () => {
      nucleus = await startTestNucleusIpc({ mode });
      client = new RawClient(nucleus.socketPath);
    });

    afterEach(async () => {
      client.socket.destroy();
      await nucleus.close();
    });

    async function connected(): Promise<void> {
      client.connect(nucleus.svcuid);
      const { type, flags } = await client.frame(0);
      assert.deepEqual([type, flags], [5, 1]);
    }

    for (const [what, connect] of [
      ['a wrong token', () => client.connect('nobody')],
      ['another version', () => client.connect(nucleus.svcuid, '0.2.0')],
      ['no token', () => client.send({ type: 4, headers: { ':version': '0.1.0' }, json: {} })],
    ] as const) {
      it(`end the connection after a connect with ${what}${isClassic ? ', and say so before' : ''}`, async () => {
        connect();
        await client.untilClosed();
        assert.deepEqual(
          client.frames.map(({ type, flags }) => [type, flags]),
          isClassic ? [[5, 0]] : [],
        );
      });
    }

    it('end the connection when a request comes before the connect', async () => {
      client.request(1, 'GetConfiguration', {});
      await client.untilClosed();
      assert.equal(client.frames.length, 0);
    });

    it(`answer once, and ${isClassic ? 'end the stream with the answer' : 'leave it to the client to end the stream'}`, async () => {
      await connected();
      client.request(3, 'GetConfiguration', { keyPath: [] });
      const { type, flags, stream, headers } = await client.frame(1);
      assert.deepEqual([type, flags, stream], [0, isClassic ? 2 : 0, 3]);
      assert.equal(headers['service-model-type'], 'aws.greengrass#GetConfigurationResponse');
    });

    it('stop the events when the client ends the stream', async () => {
      await connected();
      client.request(1, 'SubscribeToTopic', { topic: 'a' });
      await client.frame(1);
      nucleus.pubsub.publish('other', 'a', { kind: 'json', message: 1 });
      await client.frame(2);
      client.send({ stream: 1, flags: 2 });
      client.request(2, 'GetConfiguration', { keyPath: [] });
      await client.frame(3);
      nucleus.pubsub.publish('other', 'a', { kind: 'json', message: 2 });
      client.request(3, 'GetConfiguration', { keyPath: [] });
      await client.frame(4);
      assert.deepEqual(
        client.frames.map(({ stream }) => stream),
        [0, 1, 1, 2, 3],
      );
    });

    it('tell an operation that nobody knows', async () => {
      await connected();
      client.request(1, 'MakeCoffee', {});
      const { type, flags, payload } = await client.frame(1);
      assert.deepEqual([type, flags], [1, 2]);
      const body = JSON.parse(Buffer.from(payload).toString());
      assert.equal(isClassic ? body.error : body._errorCode, isClassic ? 'Unsupported Operation' : 'ServiceError');
    });

    it('tell a request that is no JSON', async () => {
      await connected();
      client.send({ stream: 1, headers: { operation: 'aws.greengrass#GetConfiguration' }, payload: Buffer.from('{') });
      const { type, payload } = await client.frame(1);
      assert.equal(type, 1);
      assert.match(Buffer.from(payload).toString(), isClassic ? /^InternalServerError$/ : /ServiceError/);
    });

    it(isClassic ? 'answer a ping' : 'end the connection at a ping', async () => {
      await connected();
      client.send({ type: 2 });
      if (isClassic) assert.equal((await client.frame(1)).type, 3);
      else await client.untilClosed();
    });

    it('are not kept without end for a client that does not read', async () => {
      await connected();
      client.request(1, 'SubscribeToTopic', { topic: 'a' });
      await client.frame(1);
      client.socket.pause();
      const base64 = Buffer.alloc(6_000).toString('base64');
      for (let sent = 0; sent < SENT; sent++) nucleus.pubsub.publish('other', 'a', { kind: 'binary', base64 });
      client.socket.resume();
      // classic has cut it, with all that waited; lite has left messages out, and goes on.
      if (isClassic) await client.untilClosed();
      else {
        client.request(2, 'GetConfiguration', { keyPath: [] });
        await waitFor('an answer', () => client.frames.some(({ stream }) => stream === 2));
      }
      const events = client.frames.filter(({ stream }) => stream === 1).length;
      assert.ok(events > 1 && events < SENT / 2, `${events} events`);
    });
  });
}
