import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ControlSocket } from '../../src/adapters/control-socket.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { writeLauncher } from '../../src/compose/launcher.ts';
import { FakeLog } from '../fakes/log.ts';
import { skip } from '../skip.ts';

const run = promisify(execFile);
/** The user `nobody` of Debian; any that is not ours would do. */
const NOBODY = '65534';
const PRINT =
  'process.stdout.write(JSON.stringify([process.argv.slice(2), process.env.OPENCLAW_STATE, process.env.ORT_DISABLE_TELEMETRY]))';

describe('the launcher', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'launcher-'));
    await chmod(folder, 0o755);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  async function write(home: string, stateDir = join(home, 'state')): Promise<string> {
    await mkdir(home, { recursive: true });
    const entry = join(home, 'it\'s the "cli" $HOME.mjs');
    await writeFile(entry, PRINT);
    return writeLauncher({ home, stateDir, command: [process.execPath, '--no-warnings', entry] });
  }

  const ODD = ['plain', 'with space', "quote'd", 'dollar $HOME `id` $(id)', 'line\nbreak', '-dash', 'semi;&|*?"~#'];
  for (const name of ODD) {
    it(`runs the command line for the state folder under ${JSON.stringify(name)}, with every argument as it is`, async () => {
      const home = join(folder, name);
      const launcher = await write(home);
      const args = ['model', 'activate', "it's", '$HOME', 'a b', '', '*'];
      const { stdout } = await run('/bin/sh', ['-c', '"$0" "$@"', launcher, ...args]);
      assert.deepEqual(JSON.parse(stdout), [args, join(home, 'state'), '1']);
    });
  }

  it('keeps a backslash in the path of the state folder', async () => {
    const { stdout } = await run(await write(folder, 'C:\\new\\'));
    assert.equal(JSON.parse(stdout)[1], 'C:\\new\\');
  });

  it('is for this user alone, in a folder that others may not change, whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      const launcher = await write(folder);
      assert.equal((await stat(launcher)).mode & 0o777, 0o700);
      assert.equal((await stat(join(folder, 'bin'))).mode & 0o777, 0o755);
      await chmod(join(folder, 'bin'), 0o777);
      await write(folder);
      assert.equal((await stat(join(folder, 'bin'))).mode & 0o777, 0o755);
    } finally {
      process.umask(before);
    }
  });

  it('is replaced as a whole, and leaves nothing half done', async () => {
    await write(folder, '/one');
    await writeFile(join(folder, 'bin', 'openclaw-edge.tmp'), 'of a power cut');
    const launcher = await write(folder, '/two');
    const { stdout } = await run(launcher);
    assert.equal(JSON.parse(stdout)[1], '/two');
    assert.deepEqual(await readdir(join(folder, 'bin')), ['openclaw-edge']);
  });

  it('is not written through a link to somewhere else', async () => {
    await mkdir(join(folder, 'elsewhere'));
    await symlink(join(folder, 'elsewhere'), join(folder, 'bin'));
    await assert.rejects(write(folder), /is not a folder/);
    assert.deepEqual(await readdir(join(folder, 'elsewhere')), []);
  });

  it('and the control socket behind it serve no other user', async function () {
    const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
    const may = await run('env', [...sudo, 'true']).catch(() => undefined);
    if (may === undefined) skip(this, 'only root can become another user');
    const launcher = await write(folder);
    const socket = new ControlSocket({
      folder: join(folder, 'state', 'control'),
      execute: async () => ({ ok: true, value: 'served' }),
      clock: systemClock,
      log: new FakeLog(),
    });
    assert.ok((await socket.start()).ok);
    try {
      // The state folder itself does not hold others up here: the folder of the socket has to.
      await chmod(join(folder, 'state'), 0o755);
      const asNobody = (...command: string[]) =>
        run('env', [...sudo, 'setpriv', '--reuid', NOBODY, '--regid', NOBODY, '--clear-groups', ...command]);
      await asNobody('/bin/sh', '-c', `test -d ${join(folder, 'bin')}`);
      await assert.rejects(asNobody(launcher), /Permission denied/);
      await assert.rejects(asNobody('/bin/cat', launcher), /Permission denied/);
      const connect = `require('node:net').connect(${JSON.stringify(socket.path)}).on('error', (e) => { console.error(e.code); process.exit(1); }).on('connect', () => process.exit(0))`;
      await run('node', ['-e', connect]);
      await assert.rejects(asNobody('node', '-e', connect), /EACCES/);
    } finally {
      await socket.stop();
    }
  });
});
