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
  let folder = '';
  let running: ChildProcess | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gg-'));
  });
  afterEach(async () => {
    running?.kill('SIGKILL');
    await rm(folder, { recursive: true });
  });

  /** Starts it with a temporary folder of its own, where what it leaves behind is seen. */
  function demo(...flags: string[]) {
    const child = spawn(process.execPath, [DEMO, ...flags], { env: { ...process.env, TMPDIR: folder } });
    running = child;
    const ended = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]).then(
      ([[code], out, err]) => ({ code: code as number | null, out, err }),
    );
    return { child, ended };
  }

  for (const [nucleus, bad] of [
    ['classic', 'FAILED_ROLLBACK_COMPLETE'],
    ['lite', 'FAILED'],
  ] as const) {
    it(`deploys a model, a better and a bad one on ${nucleus}; the bad one ends ${bad}, and nothing is lost`, async () => {
      const { code, out, err } = await demo('--greengrass', nucleus, '--output', 'json').ended;
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
      assert.deepEqual(await readdir(folder), [], 'nothing is left behind');
    });
  }

  it('leaves no process and no folder behind when it is interrupted in a deployment', async () => {
    const { child, ended } = demo('--greengrass', 'classic');
    await new Promise<void>((deploying) => {
      child.stderr.on('data', (chunk: Buffer) => chunk.includes('deploying') && deploying());
    });
    child.kill('SIGINT');
    const { code, out } = await ended;
    assert.deepEqual([code, out], [130, '']);
    assert.deepEqual(await readdir(folder), []);
  });

  it('refuses recordings, which are for the other demo, and nuclei that there are not', async () => {
    const both = await demo('--greengrass', 'lite', '--data', folder).ended;
    const none = await demo('--greengrass', 'tiny').ended;
    assert.deepEqual([both.code, none.code], [2, 2]);
    assert.match(none.err, /--greengrass/);
  });
});
