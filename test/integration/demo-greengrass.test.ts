import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';

const DEMO = resolve(import.meta.dirname, '../../scripts/demo.ts');
/** Lite alone waits 45 s in three deployments; the rest is for a busy machine. */
const DEADLINE_MS = 240_000;

type Summary = {
  readonly ok: boolean;
  readonly deployments: readonly { components: Record<string, string>; status: string; reason: string }[];
  readonly active: string;
  readonly bad: { version: string; reason: string };
  readonly lost: number;
  readonly alarms: readonly string[];
};

describe('the demo on Greengrass', function () {
  this.timeout(DEADLINE_MS);
  const folders: string[] = [];
  const running: ChildProcess[] = [];

  after(async () => {
    for (const child of running) child.kill('SIGKILL');
    for (const folder of folders) await rm(folder, { recursive: true });
  });

  /** Starts it with a temporary folder of its own, where what it leaves behind is seen. */
  async function demo(...flags: string[]) {
    const folder = await mkdtemp(join(tmpdir(), 'gg-'));
    folders.push(folder);
    const child = spawn(process.execPath, [DEMO, ...flags], { env: { ...process.env, TMPDIR: folder } });
    running.push(child);
    const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(
      ([[code], out, err]) => ({ code: code as number | null, out, err }),
    );
    return { child, ended, folder };
  }

  // Side by side: most of lite's time is spent waiting.
  const started = new Map<string, ReturnType<typeof demo>>();
  before(() => {
    for (const nucleus of ['classic', 'lite']) started.set(nucleus, demo('--greengrass', nucleus, '--output', 'json'));
  });

  for (const [nucleus, bad] of [
    ['classic', 'FAILED_ROLLBACK_COMPLETE'],
    ['lite', 'FAILED'],
  ] as const) {
    it(`deploys a model, a better and a bad one on ${nucleus}; the bad one ends ${bad}, and nothing is lost`, async () => {
      const showing = await started.get(nucleus);
      assert.ok(showing);
      const { code, out, err } = await showing.ended;
      assert.equal(code, 0, out + err);
      const summary = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '') as Summary;
      const statuses = summary.deployments.map(({ status }) => status);
      const models = summary.deployments.map(({ components }) => components['com.openclaw.edge.model.BearingFault']);
      assert.deepEqual(statuses, ['SUCCEEDED', 'SUCCEEDED', bad], out);
      assert.deepEqual(models, ['1.0.0', '1.1.0', '1.2.0']);
      assert.deepEqual([summary.ok, summary.active, summary.lost], [true, '1.1.0', 0], out);
      assert.equal(summary.bad.version, '1.2.0');
      assert.match(summary.bad.reason, /drift/);
      assert.deepEqual(summary.alarms, ['bearing-2', 'bearing-3']);
      assert.deepEqual(await readdir(showing.folder), [], 'nothing is left behind');
    });
  }

  it('leaves no process and no folder behind when it is interrupted in a deployment', async () => {
    const { child, ended, folder } = await demo('--greengrass', 'classic');
    await new Promise<void>((deploying) => {
      child.stderr.on('data', (chunk: Buffer) => chunk.includes('deploying') && deploying());
    });
    child.kill('SIGINT');
    const { code, out } = await ended;
    assert.deepEqual([code, out], [130, '']);
    assert.deepEqual(await readdir(folder), []);
  });

  it('refuses recordings, which are for the other demo, and nuclei that there are not', async () => {
    const [both, none] = await Promise.all([
      demo('--greengrass', 'lite', '--data', '.').then(({ ended }) => ended),
      demo('--greengrass', 'tiny').then(({ ended }) => ended),
    ]);
    assert.deepEqual([both.code, none.code], [2, 2]);
    assert.match(none.err, /--greengrass/);
  });
});
