import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { skip } from '../skip.ts';

const DEMO = resolve(import.meta.dirname, '../../scripts/demo.ts');
/** The demo promises to end within 40 s; the rest is for a busy machine. */
const DEADLINE_MS = 60_000;

const CWRU = resolve(import.meta.dirname, '../..', process.env['OPENCLAW_DATA'] ?? '../shared/data', 'cwru');

type Summary = {
  readonly ok: boolean;
  readonly lost: number;
  readonly windows: number;
  readonly results: number;
  readonly alarms: readonly string[];
  readonly active: string;
  readonly rollouts: readonly { version: string; outcome: string; reason: string; gapMs: number }[];
};

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

  it('commits a better model, takes back a wrong one, refuses a forged one, and loses nothing', async () => {
    const summary = await summaryOf(demo('--output', 'json'));
    assert.deepEqual(summary.alarms, ['bearing-2', 'bearing-3']);
    assertTold(summary);
    assert.deepEqual(await readdir(folder), [], 'nothing is left behind');
  });

  it('does the same with recordings of real bearings', async function () {
    if (!existsSync(CWRU)) skip(this, `no recordings in ${CWRU}`);
    const summary = await summaryOf(demo('--output', 'json', '--data', CWRU));
    assert.equal(summary.alarms.length, 7);
    assert.ok(!summary.alarms.some((key) => key.includes('Normal')), summary.alarms.join());
    assertTold(summary);
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

async function summaryOf({
  ended,
}: {
  ended: Promise<{ code: number | null; out: string; err: string }>;
}): Promise<Summary> {
  const { code, out, err } = await ended;
  assert.equal(code, 0, out + err);
  return JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as Summary;
}

function assertTold(summary: Summary): void {
  const { ok, lost, active, rollouts, windows, results } = summary;
  const outcomes = rollouts.map(({ version, outcome }) => `${version} ${outcome}`);
  assert.deepEqual(outcomes, ['1.1.0 committed', '1.2.0 rolled-back', '1.3.0 refused'], JSON.stringify(rollouts));
  assert.deepEqual([ok, lost, active], [true, 0, '1.1.0'], JSON.stringify(summary));
  assert.ok(windows > 0 && results === windows, `${results} results of ${windows} windows`);
  assert.match(rollouts[1]?.reason ?? '', /drift/);
  assert.match(rollouts[2]?.reason ?? '', /small\.onnx was changed/);
  for (const { version, gapMs } of rollouts) assert.ok(gapMs > 0, `${version}: ${gapMs} ms`);
}
