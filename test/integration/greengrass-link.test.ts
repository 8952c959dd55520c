import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { IpcLink } from '../../src/adapters/greengrass/link.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { FakeLog } from '../fakes/log.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { startTestNucleusIpc } from '../fixtures/nucleus-ipc.ts';

const needs = { clock: systemClock, log: new FakeLog(), random: () => 0 };
const TOPIC = 'a/b';

describe('the link to a nucleus, with the client of the SDK', function () {
  this.timeout(120_000);

  const temporary = process.env['TMPDIR'];
  // Whatever fails: what is left open would keep the process of the tests alive.
  const ends: (() => unknown)[] = [];

  beforeEach(async () => {
    process.env['TMPDIR'] = await mkdtemp(join('/tmp', 'link-'));
  });

  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await rm(tmpdir(), { recursive: true, force: true });
    if (temporary === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = temporary;
  });

  async function startNucleus(options: Parameters<typeof startTestNucleusIpc>[0]) {
    const nucleus = await startTestNucleusIpc(options);
    ends.push(() => nucleus.close());
    return nucleus;
  }

  function makeLink(address: { socketPath: string; token: string }, clock = systemClock): IpcLink {
    const link = new IpcLink({ ...address, ...needs, clock });
    ends.push(() => link.stop(1_000));
    return link;
  }

  function subscribe(link: IpcLink, onMessage: () => void): void {
    link.subscribe({
      operation: 'SubscribeToTopic',
      resource: TOPIC,
      open: (client) => client.subscribeToTopic({ topic: TOPIC }),
      onMessage,
    });
  }

  it('makes 200 new clients and keeps nothing of the old ones', async () => {
    const nucleus = await startNucleus({ mode: 'classic' });
    const link = makeLink({ socketPath: nucleus.socketPath, token: nucleus.svcuid }, impatient());
    let came = 0;
    subscribe(link, () => came++);
    await link.start();

    async function lose(times: number): Promise<void> {
      for (let i = 0; i < times; i++) {
        await nucleus.cut();
        await waitFor('the loss', () => link.state !== 'online');
        await nucleus.restart();
        await heard();
      }
    }
    async function heard(): Promise<void> {
      const before = came;
      await waitFor('a message', () => {
        nucleus.pubsub.publish('other', TOPIC, { kind: 'binary', base64: '' });
        return came > before;
      });
    }

    await heard();
    await lose(50); // what is loaded, compiled and cached once
    const before = kept();
    await lose(200);
    await waitFor('the last to close', () => kept().handles <= before.handles && kept().files <= before.files);
    const after = kept();
    const told = `${JSON.stringify(before)} -> ${JSON.stringify(after)}`;
    assert.equal(after.folders, 0, told);
    assert.ok(after.heapBytes - before.heapBytes < 2_000_000, told);
    assert.ok(after.rssBytes - before.rssBytes < 40_000_000, told);
  });

  it('outlives a nucleus that hangs up at once, over which the SDK alone would abort the process', async () => {
    const socketPath = join(tmpdir(), `hangs-up-${randomUUID()}.sock`);
    let connections = 0;
    const server = createServer((socket) => {
      connections++;
      socket.on('error', () => {}).destroy();
    });
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    ends.push(() => new Promise((resolve) => server.close(resolve)));
    const link = makeLink({ socketPath, token: 'token' }, impatient());
    await link.start();
    await waitFor('many attempts', () => connections >= 40);
    assert.equal(link.lastError?.code, 'E_IPC_UNREACHABLE');
  });

  it('says that the nucleus is not there, and that it does not know the token', async () => {
    const nobody = makeLink({ socketPath: '/nowhere/ipc.socket', token: 'token' });
    await nobody.start();
    await waitFor('an error', () => nobody.lastError !== undefined);
    assert.match(nobody.lastError?.message ?? '', /ENOENT \/nowhere\/ipc.socket/);
    for (const mode of ['classic', 'lite'] as const) {
      const nucleus = await startNucleus({ mode });
      const stranger = makeLink({ socketPath: nucleus.socketPath, token: 'AAAAAAAAAAAAAAAA' });
      await stranger.start();
      await waitFor('an error', () => stranger.lastError !== undefined);
      assert.equal(stranger.lastError?.code, 'E_IPC_DENIED', mode);
    }
  });

  for (const mode of ['classic', 'lite'] as const) {
    it(`names what accessControl lacks, and what is not served: ${mode}`, async () => {
      const nucleus = await startNucleus({ mode, accessControl: {}, plugins: [] });
      const link = makeLink({ socketPath: nucleus.socketPath, token: nucleus.svcuid });
      await link.start();
      await waitFor('a connection', () => link.state === 'online');
      const publishMessage = { binaryMessage: { message: 'x' } };
      const publish = { operation: 'PublishToTopic', resource: TOPIC };
      const denied = await link.call(publish, (client) => client.publishToTopic({ topic: TOPIC, publishMessage }));
      assert.equal(!denied.ok && denied.error.code, 'E_IPC_UNAUTHORIZED');
      assert.match(denied.ok ? '' : denied.error.message, /ipc\.pubsub lacks .*#PublishToTopic", resource "a\/b"/);
      const shadow = { thingName: 'test-thing', shadowName: 'x' };
      const absent = await link.call({ operation: 'GetThingShadow' }, (client) => client.getThingShadow(shadow));
      assert.equal(!absent.ok && absent.error.code, 'E_IPC_UNSUPPORTED');
    });
  }
});

/** The clock of this machine, on which pauses are a millisecond long: reconnecting is tested, not waiting. */
function impatient(): typeof systemClock {
  return { ...systemClock, sleep: (_ms, signal) => systemClock.sleep(1, signal) };
}

/** What this process holds now. */
function kept() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, rss } = process.memoryUsage();
  return {
    handles: process.getActiveResourcesInfo().filter((name) => name.includes('Pipe')).length,
    files: readdirSync('/proc/self/fd').length,
    folders: readdirSync(tmpdir()).filter((name) => name.startsWith('openclaw-ipc-')).length,
    heapBytes: heapUsed,
    rssBytes: rss,
  };
}
