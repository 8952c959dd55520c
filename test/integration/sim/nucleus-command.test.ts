import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '../../fixtures/agent/wait-for.ts';
import { isAlive } from '../../fixtures/is-alive.ts';

const CLI = join(import.meta.dirname, '..', '..', '..', 'bin', 'openclaw-edge.js');

describe('openclaw-edge simulate nucleus and deploy', function () {
  this.timeout(30_000);
  let folder: string;
  let nucleus: ChildProcess | undefined;
  let printed = '';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nucleus-command-'));
    await mkdir(join(folder, 'recipes'));
    await mkdir(join(folder, 'artifacts'));
    const recipe = {
      RecipeFormatVersion: '2020-01-25',
      ComponentName: 'com.a',
      ComponentVersion: '1.0.0',
      ComponentConfiguration: { DefaultConfiguration: { word: 'nothing' } },
      Manifests: [
        {
          Platform: { os: 'linux', runtime: '*' },
          Lifecycle: { run: 'echo $$ > self; echo {configuration:/word}; while true; do sleep 0.1; done' },
        },
      ],
    };
    await writeFile(join(folder, 'recipes', 'com.a-1.0.0.json'), JSON.stringify(recipe));
  });

  afterEach(async () => {
    await end('SIGTERM');
    await rm(folder, { recursive: true, force: true });
  });

  async function start(): Promise<void> {
    printed = '';
    const args = [CLI, 'simulate', 'nucleus', '--root', join(folder, 'root'), '--thing', 'press-7', '-o', 'ndjson'];
    nucleus = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    nucleus.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
    await waitFor('the first line', () => printed.includes('\n'));
  }

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    const child = nucleus;
    nucleus = undefined;
    if (child === undefined) return null;
    const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return exited;
  }

  function deploy(...args: string[]): Promise<{ readonly exit: number; readonly answer: Record<string, unknown> }> {
    const flags = ['--root', join(folder, 'root'), '--recipes', 'recipes', '--artifacts', 'artifacts', '-o', 'json'];
    return new Promise((resolve) => {
      execFile(process.execPath, [CLI, 'simulate', 'deploy', ...flags, ...args], { cwd: folder }, (error, stdout) => {
        resolve({ exit: Number(error?.code ?? 0), answer: JSON.parse(stdout) });
      });
    });
  }

  const self = () => readFile(join(folder, 'root', 'work', 'com.a', 'self'), 'utf8').catch(() => '');
  const log = () => readFile(join(folder, 'root', 'logs', 'com.a.log'), 'utf8').catch(() => '');

  it('deploys, with a configuration, and tells how it ended', async () => {
    await start();
    assert.match(
      printed,
      /^\{"event":"nucleus","mode":"classic","thing":"press-7",.*"broker":"mqtt:\/\/127\.0\.0\.1:\d+"/,
    );
    const { exit, answer } = await deploy('--component', 'com.a=1.0.0', '--merge', 'com.a={"word":"hello"}', '--wait');
    assert.equal(exit, 0);
    assert.equal(answer['status'], 'SUCCEEDED');
    assert.deepEqual(answer['components'], [{ name: 'com.a', version: '1.0.0', state: 'RUNNING' }]);
    await waitFor('the log', async () => (await log()).includes('stdout. hello.'));
    const refused = await deploy('--component', 'com.a=9.0.0', '--wait');
    assert.equal(refused.exit, 1);
    assert.equal(refused.answer['status'], 'FAILED_NO_STATE_CHANGE');
    assert.equal(await end('SIGTERM'), 0);
    assert.match(printed, /"component":"com\.a","version":"1\.0\.0","state":"FINISHED"/);
  });

  it('ends what a nucleus that was killed has left, and starts its components again', async () => {
    await start();
    await deploy('--component', 'com.a=1.0.0', '--wait');
    await waitFor('the process', async () => (await self()) !== '');
    const before = Number(await self());
    await end('SIGKILL');
    assert.ok(await isAlive(before), 'nobody has told it to end');
    await start();
    await waitFor('a new one', async () => !['', `${before}\n`].includes(await self()));
    assert.equal(await isAlive(before), false);
  });

  /** Starts one that is not to come up. */
  function refused(...flags: string[]): Promise<{ readonly exit: number; readonly stdout: string }> {
    const args = [CLI, 'simulate', 'nucleus', '--root', join(folder, 'root'), '-o', 'json', ...flags];
    return new Promise((resolve) => {
      execFile(process.execPath, args, { timeout: 10_000 }, (error, stdout) => {
        resolve({ exit: Number(error?.code ?? 0), stdout });
      });
    });
  }

  it('does not run twice in one root, nor in another mode, and the first keeps what it has', async () => {
    await start();
    await deploy('--component', 'com.a=1.0.0', '--wait');
    const second = await refused();
    assert.equal(second.exit, 2);
    assert.match(second.stdout, /another nucleus runs/);
    await end('SIGTERM');
    const other = await refused('--mode', 'lite');
    assert.equal(other.exit, 2);
    assert.match(other.stdout, /belongs to a nucleus in classic mode/);
    await start();
    await waitFor('the component', () => printed.includes('"component":"com.a","version":"1.0.0","state":"RUNNING"'));
  });

  it('says why it does not start, and ends: a port that is taken, a broker that is away, a bridge in a circle', async () => {
    await start();
    const [, port = ''] = /"broker":"mqtt:\/\/127\.0\.0\.1:(\d+)"/.exec(printed) ?? [];
    const taken = await refused('--port', port);
    assert.deepEqual([taken.exit, JSON.parse(taken.stdout).error.code], [1, 'E_PORT_IN_USE']);
    const file = join(folder, 'recipes', 'com.a-1.0.0.json');
    const noFolder = await refused('--root', file);
    assert.deepEqual([noFolder.exit, JSON.parse(noFolder.stdout).error.code], [2, 'E_USAGE']);
    assert.ok(noFolder.stdout.includes(`${file} cannot be the root folder of a device: ENOTDIR`), noFolder.stdout);
    const away = await refused('--broker', 'mqtt://127.0.0.1:1');
    assert.deepEqual([away.exit, JSON.parse(away.stdout).error.code], [3, 'E_BUS_UNREACHABLE']);
    const circle = await refused('--bridge-in', 'dt/#');
    assert.equal(circle.exit, 2);
    assert.match(circle.stdout, /what goes in by dt\/# would come out/);
    assert.equal((await refused('--bridge-out', 'a/#/b')).exit, 2);
  });

  it('ends, and says why, although its root folder is gone', async () => {
    await start();
    await deploy('--component', 'com.a=1.0.0', '--wait');
    await waitFor('the process', async () => (await self()) !== '');
    const component = Number(await self());
    await rm(join(folder, 'root'), { recursive: true });
    assert.equal(await end('SIGTERM'), 1);
    assert.match(printed, /E_STATE_IO/);
    assert.equal(await isAlive(component), false);
  });

  it('says that a deployment goes on when nobody waits for it any more', async () => {
    const file = join(folder, 'recipes', 'com.a-1.0.0.json');
    const recipe = await readFile(file, 'utf8');
    await writeFile(file, recipe.replace('"Lifecycle":{', '"Lifecycle":{"install":"sleep 2",'));
    await start();
    const flags = ['--root', join(folder, 'root'), '--recipes', 'recipes', '--artifacts', 'artifacts', '-o', 'json'];
    const args = [CLI, 'simulate', 'deploy', ...flags, '--component', 'com.a=1.0.0', '--wait'];
    const waiting = spawn(process.execPath, args, { cwd: folder });
    let told = '';
    waiting.stderr.on('data', (text: Buffer) => {
      told += text;
    });
    const exited = new Promise<number | null>((resolve) => waiting.once('exit', resolve));
    await waitFor('the deployment', () => printed.includes('IN_PROGRESS'));
    waiting.kill('SIGINT');
    assert.equal(await exited, 1);
    assert.match(told, /goes on in the nucleus/);
    await waitFor('its end', () => printed.includes('SUCCEEDED'));
  });

  it('says what is missing', async () => {
    const unreachable = await deploy('--component', 'com.a=1.0.0');
    assert.equal(unreachable.exit, 3);
    assert.match(JSON.stringify(unreachable.answer), /E_NUCLEUS_UNREACHABLE/);
    assert.equal((await deploy()).exit, 2);
    assert.equal((await deploy('--component', 'com.a')).exit, 2);
    assert.equal((await deploy('--component', 'com.a=1.0.0', '--merge', 'com.b={}')).exit, 2);
    const twice = await deploy('--component', 'com.a=1.0.0', '--merge', 'com.a={"a":1}', '--merge', 'com.a={"b":1}');
    assert.equal(twice.exit, 2, 'the first would be lost without a word');
    assert.equal((await deploy('--component', 'com.a=1.0.0', '--component', 'com.a=1.1.0')).exit, 2);
  });
});
