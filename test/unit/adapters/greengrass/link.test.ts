import assert from 'node:assert/strict';
import { IpcLink } from '../../../../src/adapters/greengrass/link.ts';
import { failure } from '../../../../src/domain/errors.ts';
import { FakeClock } from '../../../fakes/clock.ts';
import { FakeClients, type FakeStream, serviceError } from '../../../fakes/ipc-client.ts';
import { FakeLog } from '../../../fakes/log.ts';

const NEVER = new Promise<never>(() => {});

describe('IpcLink', () => {
  let clock: FakeClock;
  let log: FakeLog;
  let clients: FakeClients;
  let link: IpcLink;

  beforeEach(async () => {
    clock = new FakeClock();
    log = new FakeLog();
    clients = new FakeClients();
    const address = { socketPath: '/run/ipc.socket', token: 'token' };
    link = new IpcLink({ ...address, clock, log, random: () => 0, makeClient: clients.make });
  });

  afterEach(async () => {
    await link.stop(0);
    await clock.advance(0);
    assert.equal(clock.pending, 0, 'a stopped link waits for nothing');
  });

  async function goOnline(): Promise<void> {
    if (clients.made.length === 0) await link.start();
    await clock.advance(0);
    clients.last.accept();
    await clock.advance(0);
    assert.equal(link.state, 'online');
  }

  const ask = <T>(run: () => Promise<T>) => link.call({ operation: 'GetConfiguration' }, run);

  it('makes a new client after each loss, later each time, and closes the old one', async () => {
    const told: string[] = [];
    link.onState((state, error) => told.push(`${state} ${error?.code ?? ''}`));
    await goOnline();
    clients.last.lose();
    await clock.advance(99);
    assert.equal(clients.made.length, 1);
    await clock.advance(1);
    assert.equal(clients.made.length, 2);
    clients.last.refuse(new Error('nobody there'));
    await clock.advance(199);
    assert.equal(clients.made.length, 2);
    await clock.advance(1);
    assert.equal(clients.made.length, 3);
    assert.deepEqual(
      clients.made.map(({ closed, released }) => closed && released),
      [true, true, false],
    );
    assert.deepEqual(told, [
      'connecting ',
      'online ',
      'offline E_IPC_UNREACHABLE',
      'connecting E_IPC_UNREACHABLE',
      'offline E_IPC_UNREACHABLE',
      'connecting E_IPC_UNREACHABLE',
    ]);
  });

  it('starts the backoff again after a connection that lasted', async () => {
    await goOnline();
    for (const pause of [100, 200, 400]) {
      clients.last.lose();
      await clock.advance(pause);
      await goOnline();
    }
    await clock.advance(10_000);
    clients.last.lose();
    await clock.advance(100);
    assert.equal(clients.made.length, 5);
  });

  it('gives up a client that does not connect in time', async () => {
    await link.start();
    await clock.advance(10_000);
    assert.equal(link.lastError?.code, 'E_IPC_UNREACHABLE');
    assert.equal(clients.made[0]?.closed, true);
  });

  it('says that the token was not accepted', async () => {
    await link.start();
    await clock.advance(0);
    clients.last.refuse(Object.assign(new Error('invalid connack'), { type: 2 }));
    await clock.advance(0);
    assert.equal(link.lastError?.code, 'E_IPC_DENIED');
  });

  it('takes a nucleus that hangs up on the token for one that does not know it, as lite does without a word', async () => {
    for (const [parting, code] of [
      ['after the token', 'E_IPC_DENIED'],
      ['before the token', 'E_IPC_UNREACHABLE'],
    ] as const) {
      if (clients.made.length === 0) await link.start();
      await clock.advance(0);
      clients.last.left.resolve(parting);
      await clock.advance(100);
      assert.equal(link.lastError?.code, code);
      await clock.advance(100);
    }
  });

  it('connects anew only when the nucleus sees the old connection no more, and tells at once that there is none', async () => {
    await goOnline();
    const close = clients.last.holdClose();
    clients.last.left.resolve('after the token');
    await clock.advance(0);
    assert.equal(link.state, 'offline');
    await clock.advance(900);
    assert.equal(clients.made.length, 1, 'the end of an old stream could end a new one');
    close();
    await clock.advance(0);
    assert.equal(clients.made.length, 2);
  });

  it('cuts an old connection that does not close', async () => {
    await goOnline();
    clients.last.holdClose();
    clients.last.lose();
    await clock.advance(999);
    assert.deepEqual([clients.made.length, clients.made[0]?.released], [1, false]);
    await clock.advance(1);
    assert.deepEqual([clients.made.length, clients.made[0]?.released], [2, true]);
  });

  it('resolves a call with what the nucleus answers, or why not', async () => {
    await goOnline();
    assert.deepEqual(await ask(async () => 7), { ok: true, value: 7 });
    const refused = await ask(async () => {
      throw serviceError('ResourceNotFoundError', 'Key not found');
    });
    assert.equal(!refused.ok && refused.error.code, 'E_IPC_NOT_FOUND');
    const thrown = await ask(() => {
      throw Object.assign(new Error('not connected'), { type: 4 });
    });
    assert.equal(!thrown.ok && thrown.error.code, 'E_IPC_OFFLINE');
  });

  it('refuses calls at once while offline', async () => {
    const refused = await ask(async () => assert.fail('nothing shall be asked'));
    assert.equal(!refused.ok && refused.error.code, 'E_IPC_OFFLINE');
  });

  it('settles what was on the way when the connection ends, as the SDK does not', async () => {
    await goOnline();
    const asked = ask(() => NEVER);
    clients.last.lose();
    const result = await asked;
    assert.equal(!result.ok && result.error.code, 'E_IPC_OFFLINE');
  });

  it('waits for an answer only so long, and for ten only with one client', async () => {
    await goOnline();
    const asked = Array.from({ length: 9 }, () => ask(() => NEVER));
    await clock.advance(10_000);
    for (const result of await Promise.all(asked)) assert.equal(!result.ok && result.error.code, 'E_IPC_TIMEOUT');
    assert.equal(link.state, 'online');
    const last = ask(() => NEVER);
    await clock.advance(10_000);
    await last;
    assert.equal(clients.made[0]?.closed, true, 'each keeps a native stream');
  });

  it('makes a new client on demand', async () => {
    await goOnline();
    link.renew(failure('E_IPC_TIMEOUT', 'it is silent'));
    await clock.advance(100);
    assert.equal(clients.made.length, 2);
    assert.equal(link.lastError?.code, 'E_IPC_TIMEOUT');
  });

  it('stops while a client connects, and connects no more', async () => {
    await link.start();
    await clock.advance(0);
    await Promise.all([link.stop(1_000), link.stop(1_000)]);
    assert.equal(link.state, 'stopped');
    assert.equal(clients.last.closed, true);
    await clock.advance(100_000);
    assert.equal(clients.made.length, 1);
  });

  describe('subscriptions', () => {
    let came: unknown[];
    let outcomes: (string | undefined)[];

    beforeEach(() => {
      came = [];
      outcomes = [];
    });

    const subscribe = (maxSilenceMs?: number) =>
      link.subscribe({
        maxSilenceMs,
        operation: 'SubscribeToTopic',
        resource: 'a/b',
        open: (client) => client.subscribeToTopic({ topic: 'a/b' }),
        onMessage: (message) => came.push(message),
        onOutcome: (error) => outcomes.push(error?.code),
      });

    async function stands(stream: FakeStream | undefined): Promise<void> {
      assert.ok(stream);
      stream.answer();
      await clock.advance(0);
    }

    it('are opened on each new client', async () => {
      subscribe();
      await goOnline();
      await stands(clients.last.streams[0]);
      clients.last.streams[0]?.emit('message', 1);
      clients.last.lose();
      await clock.advance(100);
      await goOnline();
      assert.equal(clients.last.streams.length, 1);
      await stands(clients.last.streams[0]);
      clients.made[0]?.streams[0]?.emit('message', 'of the old stream');
      clients.last.streams[0]?.emit('message', 2);
      assert.deepEqual(came, [1, 2]);
      assert.deepEqual(outcomes, [undefined, undefined]);
      assert.equal(clients.made[0]?.streams[0]?.listenerCount('message'), 0, 'nothing is kept of the old one');
    });

    it('are opened at once when the connection stands', async () => {
      await goOnline();
      subscribe();
      assert.equal(clients.last.streams.length, 1);
    });

    it('are opened again, with backoff, when only the stream ends or is not answered', async () => {
      subscribe();
      await goOnline();
      await stands(clients.last.streams[0]);
      clients.last.streams[0]?.emit('ended');
      await clock.advance(100);
      assert.equal(clients.last.streams.length, 2);
      await clock.advance(15_000);
      await clock.advance(200);
      assert.equal(clients.last.streams.length, 3);
      assert.deepEqual(outcomes, [undefined, 'E_IPC_FAILED', 'E_IPC_TIMEOUT']);
      assert.equal(clients.last.streams[1]?.closed, true);
      assert.equal(clients.made.length, 1);
    });

    it('are tried rarely when they are not allowed, and told once, with what accessControl lacks', async () => {
      subscribe();
      await goOnline();
      for (let tried = 0; tried < 3; tried++) {
        clients.last.streams.at(-1)?.answer(serviceError('UnauthorizedError'));
        await clock.advance(300_000);
      }
      assert.equal(clients.last.streams.length, 4);
      const lines = log.lines.filter(({ event }) => event === 'no subscription');
      assert.equal(lines.length, 1);
      assert.match(
        JSON.stringify(lines[0]?.fields),
        /aws.greengrass.ipc.pubsub lacks operation .*aws.greengrass#SubscribeToTopic.*resource .*a\/b/,
      );
    });

    it('are tried at once when what is allowed may have changed, if they were refused', async () => {
      subscribe();
      subscribe();
      await goOnline();
      clients.last.streams[0]?.answer(serviceError('UnauthorizedError'));
      await stands(clients.last.streams[1]);
      link.retryRefused();
      assert.equal(clients.last.streams.length, 3);
      clients.last.streams[2]?.answer(serviceError('UnauthorizedError'));
      await clock.advance(300_000);
      await stands(clients.last.streams[3]);
      link.retryRefused();
      assert.equal(clients.last.streams.length, 4, 'what stands is left alone');
      assert.deepEqual(outcomes, ['E_IPC_UNAUTHORIZED', undefined, 'E_IPC_UNAUTHORIZED', undefined]);
    });

    it('are no matter for a warning where the nucleus does not serve them, and are told once for all connections', async () => {
      subscribe();
      for (let connection = 0; connection < 3; connection++) {
        await goOnline();
        clients.last.streams.at(-1)?.answer(new Error('SubscribeToTopic is not supported by Greengrass'));
        await clock.advance(0);
        clients.last.lose();
        await clock.advance(1_000);
      }
      const levels = log.lines.filter(({ event }) => event === 'no subscription').map(({ level }) => level);
      assert.deepEqual(levels, ['info']);
    });

    it('end on demand, on the nucleus too', async () => {
      const end = subscribe();
      await goOnline();
      const [stream] = clients.last.streams;
      await stands(stream);
      await end();
      stream?.emit('message', 'too late');
      assert.equal(stream?.closed, true);
      clients.last.lose();
      await clock.advance(100);
      await goOnline();
      assert.deepEqual([came, clients.last.streams.length], [[], 0]);
    });

    it('are opened anew on demand, the new stream before the old one ends', async () => {
      const end = subscribe();
      await goOnline();
      const [old] = clients.last.streams;
      await stands(old);
      end.reopen();
      old?.emit('message', 'of the old stream');
      assert.deepEqual([clients.last.streams.length, old?.closed], [2, false]);
      await stands(clients.last.streams[1]);
      assert.equal(old?.closed, true);
      clients.last.streams[1]?.emit('message', 1);
      assert.deepEqual(came, [1]);
    });

    it('are opened anew each time that nothing has come for as long as they may be silent', async () => {
      subscribe(30_000);
      await goOnline();
      await stands(clients.last.streams[0]);
      await clock.advance(20_000);
      clients.last.streams[0]?.emit('message', 1);
      await clock.advance(29_999);
      assert.equal(clients.last.streams.length, 1);
      await clock.advance(1);
      assert.equal(clients.last.streams.length, 2);
      await stands(clients.last.streams[1]);
      assert.equal(clients.last.streams[0]?.closed, true);
      clients.last.streams[1]?.emit('message', 2);
      await clock.advance(30_000);
      assert.deepEqual([clients.last.streams.length, came], [3, [1, 2]]);
    });

    it('outlive a message that cannot be read', async () => {
      subscribe();
      await goOnline();
      await stands(clients.last.streams[0]);
      clients.last.streams[0]?.emit('streamError', new Error('not JSON'));
      clients.last.streams[0]?.emit('message', 1);
      assert.deepEqual(came, [1]);
    });
  });
});
