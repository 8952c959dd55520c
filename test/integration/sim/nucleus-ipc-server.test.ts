import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IpcServer } from '../../../src/sim/nucleus/ipc/server.ts';
import { MemoryServices } from '../../fixtures/nucleus-services.ts';

describe('the IPC server of the simulated nucleus', () => {
  const services = new MemoryServices('classic', 'test-thing');
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nucleus-'));
  });

  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('makes its folder, takes the place of a socket that a dead one left, and is for its own user', async () => {
    const socketPath = join(folder, 'deep', 'ipc.socket');
    const server = new IpcServer({ services, socketPath });
    assert.equal((await server.start()).ok, true);
    assert.equal((await stat(socketPath)).mode & 0o777, 0o600);
    await server.stop();
    await writeFile(socketPath, 'left behind');
    assert.equal((await server.start()).ok, true);
    await server.stop();
    await server.stop();
  });

  it('says why it cannot listen, and can be started again', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const server = new IpcServer({ services, socketPath: join(file, 'ipc.socket') });
    for (let attempt = 0; attempt < 2; attempt++) {
      const started = await server.start();
      assert.equal(started.ok ? undefined : started.error.code, 'E_NUCLEUS_SOCKET');
    }
  });

  it('refuses a path that the system would cut off', async () => {
    const started = await new IpcServer({ services, socketPath: join(folder, 'x'.repeat(100)) }).start();
    assert.match(started.ok ? '' : started.error.message, /longer than 107 bytes/);
  });
});
