import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { makeRelayFolder } from '../../../../src/adapters/greengrass/relay-folder.ts';

describe('The folder of a relay', () => {
  let parent = '';
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'relay-folder-'));
  });
  afterEach(() => rm(parent, { recursive: true }));

  it('is for this user alone, and another one each time', async () => {
    const folders = [await makeRelayFolder(parent), await makeRelayFolder(parent)];
    assert.equal((await stat(folders[0] ?? '')).mode & 0o777, 0o700);
    assert.deepEqual((await readdir(parent)).sort(), folders.map((folder) => basename(folder)).sort());
  });

  it('takes the place of those that killed processes have left, and of no other', async () => {
    const killed = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
    const lives = `openclaw-ipc-${killed.pid}-abc`;
    for (const name of [lives, 'openclaw-ipc-Xyz', 'something-else']) await mkdir(join(parent, name));
    const first = basename(await makeRelayFolder(parent));
    assert.deepEqual((await readdir(parent)).sort(), [lives, first, 'something-else'].sort());
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const second = basename(await makeRelayFolder(parent));
    assert.deepEqual((await readdir(parent)).sort(), [first, second, 'something-else'].sort());
  });
});
