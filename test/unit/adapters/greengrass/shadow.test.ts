import assert from 'node:assert/strict';
import { GreengrassShadow } from '../../../../src/adapters/greengrass/shadow.ts';
import type { ErrorCode } from '../../../../src/domain/errors.ts';
import { FakeBus, FakeHub } from '../../../fakes/bus.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { FakeLink, refuse } from '../../../fakes/ipc-link.ts';
import { FakeLog } from '../../../fakes/log.ts';

const PREFIX = '$aws/things/edge-1/shadow/name/edge-agent';
const LOCAL = 'SubscribeToTopic';
const CLOUD = 'SubscribeToIoTCore';

describe('the shadow on Greengrass', () => {
  let clock: FakeClock;
  let link: FakeLink;
  let log: FakeLog;
  let iotCore: FakeBus;
  let shadow: GreengrassShadow;
  let told: unknown[];

  beforeEach(async () => {
    clock = new FakeClock();
    link = new FakeLink();
    log = new FakeLog();
    iotCore = new FakeBus(new FakeHub());
    await iotCore.start();
    await clock.advance(0);
    shadow = new GreengrassShadow({ thing: 'edge-1', name: 'edge-agent', link, iotCore, clock, log, kind: 'classic' });
    told = [];
    shadow.onDesired((desired) => told.push(desired));
    answer({ state: { reported: { a: 1 }, delta: { mode: 'observe' } }, version: 3 });
    link.answers['updateThingShadow'] = () => ({ payload: Buffer.from('{"version": 4}') });
    await shadow.start();
  });

  afterEach(async () => {
    await shadow.stop();
    assert.equal(clock.pending, 0);
    assert.equal(link.streams.size, 0);
  });

  function answer(document: object): void {
    link.answers['getThingShadow'] = () => ({ payload: Buffer.from(JSON.stringify(document)) });
  }

  function refuseShadowManager(code: ErrorCode): void {
    link.answers['getThingShadow'] = () => {
      throw refuse(code, 'GetThingShadow');
    };
  }

  async function connect(): Promise<void> {
    link.goOnline();
    await clock.advance(0);
  }

  const streams = (operation: string) => [...link.streams].filter((stream) => stream.operation === operation).length;
  const pushLocal = (kind: string, body: object) => {
    const message = { binaryMessage: { message: Buffer.from(JSON.stringify(body)) } };
    assert.ok(link.push(LOCAL, message, `${PREFIX}/${kind}`));
  };

  describe('where ShadowManager is', () => {
    it('is kept there: nothing goes to AWS IoT Core, and nothing is wanted from it', async () => {
      await connect();
      assert.deepEqual(link.requests('getThingShadow')[0], { thingName: 'edge-1', shadowName: 'edge-agent' });
      assert.ok((await shadow.report({ b: 2 })).ok);
      assert.deepEqual([iotCore.acked.length, streams(CLOUD), streams(LOCAL)], [0, 0, 2]);
      assert.deepEqual(shadow.reported, { a: 1, b: 2 });
      assert.deepEqual(told, [{ mode: 'observe' }]);
    });

    it('is kept there also when it was never made', async () => {
      refuseShadowManager('E_IPC_NOT_FOUND');
      await connect();
      assert.deepEqual([told, shadow.reported, streams(LOCAL)], [[{}], {}, 2]);
    });

    it('tells what is pushed', async () => {
      await connect();
      pushLocal('update/delta', { state: { mode: 'active' }, version: 4 });
      assert.deepEqual(told, [{ mode: 'observe' }, { mode: 'active' }]);
    });

    it('survives what nobody can read', async () => {
      await connect();
      assert.ok(link.push(LOCAL, { binaryMessage: { message: Buffer.from('{') } }));
      assert.ok(link.push(LOCAL, {}));
      assert.ok(
        link.push(LOCAL, { jsonMessage: { message: { state: { mode: 'x' }, version: 9 } } }, `${PREFIX}/update/delta`),
      );
      assert.deepEqual(told.at(-1), { mode: 'x' });
    });

    it('is read again when somebody else changed what is desired, and not for its own updates', async () => {
      await connect();
      await shadow.report({ b: 2 }, { mode: null });
      const own = JSON.parse(String((link.requests('updateThingShadow')[0] as { payload: Uint8Array }).payload));
      const before = link.requests('getThingShadow').length;
      pushLocal('update/accepted', own);
      await clock.advance(0);
      assert.equal(link.requests('getThingShadow').length, before);
      pushLocal('update/accepted', { state: { desired: { mode: null } }, version: 5, clientToken: 'operator' });
      await clock.advance(0);
      assert.equal(link.requests('getThingShadow').length, before + 1);
    });

    it('is read after the subscriptions stand, and again when one stands anew', async () => {
      link.goOnline();
      assert.equal(streams(LOCAL), 0);
      await clock.advance(0);
      assert.equal(link.requests('getThingShadow').length, 2); // the question, and the document
      answer({ state: { delta: { sleep: true } }, version: 8 });
      for (const stream of link.streams) stream.outcome();
      await clock.advance(0);
      assert.deepEqual(told.at(-1), { sleep: true });
    });

    it('is reported to also when its changes may not be heard', async () => {
      link.refused[LOCAL] = 'E_IPC_UNAUTHORIZED';
      await connect();
      assert.ok((await shadow.report({ b: 2 })).ok);
      assert.deepEqual(told, [{ mode: 'observe' }]);
    });

    it('says by name what a report lacks', async () => {
      await connect();
      link.answers['updateThingShadow'] = () => {
        throw refuse('E_IPC_UNAUTHORIZED', 'UpdateThingShadow of the shadow');
      };
      const result = await shadow.report({ b: 2 });
      assert.equal(!result.ok && result.error.code, 'E_IPC_UNAUTHORIZED');
      assert.match(result.ok ? '' : result.error.message, /UpdateThingShadow of the shadow/);
    });

    for (const [ipc, told] of [
      ['E_IPC_OFFLINE', 'E_BUS_OFFLINE'],
      ['E_IPC_TIMEOUT', 'E_SHADOW_UNACKNOWLEDGED'],
      ['E_IPC_REFUSED', 'E_SHADOW_REJECTED'],
      ['E_IPC_FAILED', 'E_SHADOW_REJECTED'],
    ] as const) {
      it(`says ${told} where the nucleus says ${ipc}: who reports knows shadows only`, async () => {
        await connect();
        link.answers['updateThingShadow'] = () => {
          throw refuse(ipc);
        };
        const result = await shadow.report({ b: 2 });
        assert.equal(!result.ok && result.error.code, told);
      });
    }
  });

  for (const [why, code, warnings] of [
    ['there is no ShadowManager', 'E_IPC_UNSUPPORTED', []],
    ['ShadowManager may not be used', 'E_IPC_UNAUTHORIZED', ['ShadowManager may not be used']],
  ] as const) {
    it(`is kept by AWS IoT Core where ${why}`, async () => {
      refuseShadowManager(code);
      await connect();
      assert.deepEqual([streams(LOCAL), streams(CLOUD)], [0, 5]);
      assert.deepEqual(
        iotCore.acked.map(({ topic }) => topic),
        [`${PREFIX}/get`],
      );
      const { clientToken } = JSON.parse(String(iotCore.acked[0]?.payload));
      const document = { state: { reported: {}, delta: { mode: 'observe' } }, version: 1, clientToken };
      const payload = Buffer.from(JSON.stringify(document));
      link.push(CLOUD, { message: { topicName: `${PREFIX}/get/accepted`, payload } }, `${PREFIX}/get/accepted`);
      await clock.advance(0);
      assert.deepEqual(told, [{ mode: 'observe' }]);
      assert.deepEqual(
        log.lines.filter(({ level }) => level === 'warn').map(({ event }) => event),
        warnings,
      );
    });
  }

  it('is read anew when AWS IoT Core can be reached again', async () => {
    refuseShadowManager('E_IPC_UNSUPPORTED');
    await connect();
    iotCore.goOffline();
    const offline = await shadow.report({ a: 1 });
    assert.equal(!offline.ok && offline.error.code, 'E_BUS_OFFLINE');
    iotCore.goOnline();
    await clock.advance(0);
    assert.equal(iotCore.acked.filter(({ topic }) => topic.endsWith('/get')).length, 2);
  });

  it('is asked for by whom it is kept once a connection, and the log says it once', async () => {
    refuseShadowManager('E_IPC_UNSUPPORTED');
    await connect();
    await clock.advance(60_000);
    assert.equal(link.requests('getThingShadow').length, 1);
    for (let i = 0; i < 3; i++) {
      link.goOffline();
      await connect();
    }
    assert.equal(link.requests('getThingShadow').length, 4);
    assert.deepEqual(
      log.lines.filter(({ event }) => event === 'who keeps the shadow is known').map(({ fields }) => fields),
      [{ way: 'iotcore' }],
    );
  });

  it('moves to ShadowManager with the connection that has one', async () => {
    refuseShadowManager('E_IPC_UNSUPPORTED');
    await connect();
    link.goOffline();
    assert.equal(streams(CLOUD), 0);
    answer({ state: { reported: { here: true } }, version: 1 });
    await connect();
    assert.deepEqual([streams(LOCAL), streams(CLOUD), shadow.reported], [2, 0, { here: true }]);
  });

  it('is asked for again when ShadowManager says neither yes nor no', async () => {
    refuseShadowManager('E_IPC_FAILED');
    await connect();
    assert.deepEqual([streams(LOCAL), streams(CLOUD)], [0, 0]);
    const early = await shadow.report({ a: 1 });
    assert.equal(!early.ok && early.error.code, 'E_BUS_OFFLINE');
    answer({ state: {}, version: 1 });
    await clock.advance(10_000);
    assert.equal(streams(LOCAL), 2);
  });

  it('drops an answer of a connection that is gone', async () => {
    const late = Promise.withResolvers<object>();
    link.answers['getThingShadow'] = () => late.promise;
    await connect();
    link.goOffline();
    refuseShadowManager('E_IPC_UNSUPPORTED');
    await connect();
    late.resolve({ payload: Buffer.from('{}') });
    await clock.advance(0);
    assert.deepEqual([streams(LOCAL), streams(CLOUD)], [0, 5]);
  });
});
