import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const DEMO = resolve(import.meta.dirname, '../../scripts/demo.ts');
/** The demo promises to end within 40 s; the rest is for a busy machine. */
const DEADLINE_MS = 60_000;

describe('the demo', function () {
  this.timeout(DEADLINE_MS);
  let folder = '';
  let running: ChildProcess | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openclaw-demo-test-'));
  });
  afterEach(async () => {
    running?.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  /** Starts it with a temporary folder of its own, where what it leaves behind is seen. */
  function demo(...flags: string[]) {
    const child = spawn(process.execPath, [DEMO, ...flags], { env: { ...process.env, TMPDIR: folder } });
    running = child;
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
    });
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
    return { child, ended };
  }

  it('loses nothing, and alarms for the failing bearings only', async () => {
    const { code, out } = await demo('--output', 'json').ended;
    const { ok, windows, inferences, results, alarms, lost } = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '');
    assert.deepEqual({ ok, lost, alarms }, { ok: true, lost: 0, alarms: ['bearing-2', 'bearing-3'] }, out);
    assert.ok(windows > 0 && inferences === windows && results === windows, out);
    assert.equal(code, 0);
    assert.deepEqual(await readdir(folder), [], 'nothing is left behind');
  });

  it('leaves nothing behind when it is interrupted', async () => {
    const { child, ended } = demo();
    const agent = await agentOf(child);
    child.kill('SIGINT');
    const { code, out } = await ended;
    assert.deepEqual([code, out], [130, '']);
    assert.ok(!existsSync(`/proc/${agent}`), 'the agent has ended');
    assert.deepEqual(await readdir(folder), []);
  });

  it('shows its flags when one is wrong, and says when there are no recordings', async () => {
    const [wrong, missing] = await Promise.all([
      demo('--bogus').ended,
      demo('--data', join(folder, 'none'), '-o', 'json').ended,
    ]);
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /^npm run demo -- .*--data FOLDER/);
    assert.equal(missing.code, 3);
    assert.equal(JSON.parse(missing.out).error.code, 'E_FILE_MISSING');
  });
});

/** Waits for the demo's child: the agent. */
async function agentOf(demo: ChildProcess): Promise<number> {
  for (;;) {
    const children = await readFile(`/proc/${demo.pid}/task/${demo.pid}/children`, 'utf8');
    const [first] = children.trim().split(' ');
    if (first) return Number(first);
    await new Promise((retry) => setTimeout(retry, 50));
  }
}
