import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { skip } from '../skip.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CWRU = join(process.env['OPENCLAW_DATA'] ?? join(ROOT, '../shared/data'), 'cwru');
/** It promises to end within 40 s, by itself. */
const LIMIT_MS = 40_000;

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
  this.timeout(LIMIT_MS);

  it('commits a better model, takes back a wrong one, refuses a forged one, and loses nothing', async () => {
    const summary = await demo();
    assert.deepEqual(summary.alarms, ['bearing-2', 'bearing-3']);
    assertTold(summary);
  });

  it('does the same with recordings of real bearings', async function () {
    if (!(await there(CWRU))) skip(this, `no recordings in ${CWRU}`);
    const summary = await demo('--data', CWRU);
    assert.equal(summary.alarms.length, 7);
    assert.ok(!summary.alarms.some((key) => key.includes('Normal')), summary.alarms.join());
    assertTold(summary);
  });
});

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

/** Rejects with what it wrote when it does not end with 0. */
async function demo(...args: string[]): Promise<Summary> {
  const run = promisify(execFile)(process.execPath, ['scripts/demo.ts', '--output', 'json', ...args], {
    cwd: ROOT,
    timeout: LIMIT_MS,
  });
  const { stdout } = await run;
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Summary;
}

async function there(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
