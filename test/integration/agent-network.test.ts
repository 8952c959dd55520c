import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeSite, type Site } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { MOSQUITTO } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

const TRACE = ['strace', '-f', '-qq', '-e', 'trace=network'];

describe('the network calls of an agent and its model runner', function () {
  this.timeout(60_000);
  let site: Site | undefined;

  before(function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
    const [strace = '', ...flags] = TRACE;
    if (spawnSync(strace, [...flags, 'true']).status !== 0) skip(this, 'strace is not installed, or may not trace');
  });
  afterEach(() => site?.stop());

  it('go to the broker and nowhere else, and nothing but compiled code is left in the home folder', async () => {
    const launch = (folder: string) => {
      const home = join(folder, 'home');
      mkdirSync(home);
      // -D: the agent stays the process that is started here, and hears its signals.
      const wrapper = [...TRACE, '-D', '-o', join(folder, 'trace')];
      // Without the variable that the product sets itself: it must not depend on a careful user.
      return { wrapper, env: { HOME: home, XDG_CACHE_HOME: join(home, '.cache'), ORT_DISABLE_TELEMETRY: '' } };
    };
    site = await makeSite({ launch });
    const { agent, observer, sensors, folder, broker } = site;
    const read = async () => (await readFile(join(folder, 'trace'), 'utf8')).split('\n');
    await agent.start();
    await site.serving();
    sensors.feed('a', 1);
    await waitFor('a result and an alarm', () => observer.results.length > 0 && observer.alarms.size > 0);
    const { code } = await agent.end('SIGTERM');
    assert.equal(code, 0);

    const toBroker = `sin_port=htons(${broker.port}), sin_addr=inet_addr("127.0.0.1")`;
    await waitFor('strace has written everything', async () => (await read()).some((line) => line.includes(toBroker)));
    const trace = await read();
    const strayed = trace.filter((line) => /connect\(|sin6?_addr|sll_/.test(line) && !/AF_UNIX/.test(line));
    // Reading one's own address is no traffic.
    const own = (line: string) => /getsockname\(|getpeername\(/.test(line) && line.includes('127.0.0.1');
    assert.deepEqual(
      strayed.filter((line) => !line.includes(toBroker) && !own(line)),
      [],
    );
    const sockets = trace.filter((line) => /socket\(AF_/.test(line) && !/AF_UNIX/.test(line));
    assert.equal(sockets.length, 1, `one connection was made:\n${sockets.join('\n')}`);
    const cache = join(folder, 'home/.cache/openclaw-edge'); // compiled code, and the only thing kept there
    const left = (await everything(join(folder, 'home'))).filter((file) => !file.startsWith(cache));
    assert.deepEqual(left, []);
  });
});

async function everything(folder: string): Promise<string[]> {
  return (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
