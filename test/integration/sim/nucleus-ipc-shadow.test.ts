import assert from 'node:assert/strict';
import type { AccessControl } from '../../../src/sim/nucleus/services.ts';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { type Client, connectClient, errorOf } from '../../fixtures/nucleus-client.ts';
import { ALLOW_ALL, startTestNucleusIpc, type TestNucleusIpc } from '../../fixtures/nucleus-ipc.ts';

const THING = { thingName: 'press-1', shadowName: 'edge-agent' };
const PREFIX = '$aws/things/press-1/shadow/name/edge-agent';
const ONE_SHADOW: AccessControl = {
  ...ALLOW_ALL,
  'aws.greengrass.ShadowManager': {
    one: { operations: ['aws.greengrass#GetThingShadow', 'aws.greengrass#UpdateThingShadow'], resources: [PREFIX] },
  },
};

describe('the ShadowManager of the simulated classic nucleus, with the real client', () => {
  let nucleus: TestNucleusIpc;
  let client: Client;

  beforeEach(async () => {
    nucleus = await startTestNucleusIpc({ mode: 'classic', accessControl: ONE_SHADOW });
    client = await connectClient(nucleus);
  });

  afterEach(async () => {
    await client.close();
    await nucleus.close();
  });

  async function update(document: object): Promise<unknown> {
    const { payload } = await client.updateThingShadow({ ...THING, payload: JSON.stringify(document) });
    return read(payload);
  }

  async function get(): Promise<Record<string, unknown>> {
    return read((await client.getThingShadow(THING)).payload);
  }

  function read(payload: unknown): Record<string, unknown> {
    return JSON.parse(Buffer.from(payload as ArrayBuffer).toString());
  }

  it('keeps what is desired and reported, in versions', async () => {
    assert.deepEqual(await errorOf(get()), { code: 'ResourceNotFoundError', text: 'No shadow found' });
    await update({ state: { desired: { mode: 'run' } } });
    await update({ state: { reported: { mode: 'stop' } } });
    const { state, version } = await get();
    assert.deepEqual(state, { desired: { mode: 'run' }, reported: { mode: 'stop' }, delta: { mode: 'run' } });
    assert.equal(version, 2);
  });

  it('tells a conflict of versions as such, and a bad document as bad', async () => {
    await update({ state: { reported: { a: 1 } } });
    assert.deepEqual(await errorOf(update({ state: { reported: { a: 2 } }, version: 7 })), {
      code: 'ConflictError',
      text: 'Version conflict',
    });
    assert.equal((await errorOf(update({ nothing: 1 }))).code, 'InvalidArgumentsError');
    const large = { state: { reported: { a: 'x'.repeat(8_192) } } };
    assert.equal((await errorOf(update(large))).text, 'The payload exceeds the maximum size allowed');
  });

  it('lets a component at the shadows that it may use, and tells refusals by operation and resource', async () => {
    const refused = await errorOf(client.getThingShadow({ thingName: 'press-1', shadowName: 'other' }));
    assert.equal(refused.code, 'UnauthorizedError');
    assert.match(refused.text, /ShadowManager:aws\.greengrass#GetThingShadow on resource .*\/name\/other$/);
    assert.equal((await errorOf(client.deleteThingShadow(THING))).code, 'UnauthorizedError');
    const named = await errorOf(client.getThingShadow({ thingName: 'press-1', shadowName: 'a.b' }));
    assert.equal(named.code, 'InvalidArgumentsError');
  });

  it('tells on the local bus what happened, and takes requests there', async () => {
    const said = new Map<string, unknown>();
    const stream = client.subscribeToTopic({ topic: `${PREFIX}/#` });
    stream.on('message', ({ binaryMessage }) => {
      const topic = binaryMessage?.context?.topic?.slice(PREFIX.length + 1);
      said.set(String(topic), read(binaryMessage?.message));
    });
    await stream.activate();
    const document = { state: { desired: { a: 1 } }, clientToken: 'k' };
    await client.publishToTopic({ topic: `${PREFIX}/update`, publishMessage: { jsonMessage: { message: document } } });
    await waitFor('the acceptance', () => said.has('update/accepted'));
    assert.deepEqual([...said.keys()], ['update/delta', 'update/documents', 'update/accepted']);
    await client.publishToTopic({
      topic: `${PREFIX}/delete`,
      publishMessage: { binaryMessage: { message: Buffer.from('') } },
    });
    await waitFor('the end', () => said.has('delete/accepted'));
  });

  it('lists the names of shadows, page by page', async () => {
    nucleus.services.allow(nucleus.component, ALLOW_ALL);
    for (const shadowName of ['a', 'b', 'c']) {
      await client.updateThingShadow({ thingName: 'press-1', shadowName, payload: '{"state":{}}' });
    }
    const first = await client.listNamedShadowsForThing({ thingName: 'press-1', pageSize: 2 });
    assert.deepEqual(first.results, ['a', 'b']);
    const second = await client.listNamedShadowsForThing({
      thingName: 'press-1',
      pageSize: 2,
      nextToken: String(first.nextToken),
    });
    assert.deepEqual([second.results, second.nextToken], [['c'], undefined]);
  });

  it('keeps its shadows while the nucleus restarts', async () => {
    await update({ state: { reported: { a: 1 } } });
    await nucleus.cut();
    await nucleus.restart();
    client = await connectClient(nucleus);
    assert.equal((await get())['version'], 1);
  });
});

describe('shadows on a nucleus without the ShadowManager', () => {
  for (const mode of ['classic', 'lite'] as const) {
    it(`are not served (${mode})`, async () => {
      const nucleus = await startTestNucleusIpc({ mode, plugins: [] });
      const client = await connectClient(nucleus);
      const text = mode === 'classic' ? 'Operation aws.greengrass#GetThingShadow is not supported by Greengrass' : '';
      assert.deepEqual(await errorOf(client.getThingShadow(THING)), { code: 'ServiceError', text });
      await client.close();
      await nucleus.close();
    });
  }
});
