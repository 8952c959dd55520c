import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT, temporaryFolder } from '../fixtures/built-agent.ts';

const SCRIPT = join(ROOT, 'src/component/build/files/start.sh');
const AGAIN = 75;

describe('the start script of the agent', () => {
  const children: ChildProcess[] = [];
  after(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  it('starts the agent again as long as it asks for that, and passes its exit code on', async () => {
    const { start, starts } = await withAgent(`[ "$(wc -l <"$log")" -lt 3 ] && exit ${AGAIN}; exit 4`);
    assert.deepEqual(await ended(start()), { code: 4, signal: null });
    assert.equal((await starts()).length, 3);
  });

  it('gives up on an agent that asks for a new start at once, again and again', async () => {
    const { start, starts } = await withAgent(`exit ${AGAIN}`);
    assert.deepEqual(await ended(start()), { code: AGAIN, signal: null });
    assert.equal((await starts()).length, 5);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`passes ${signal} to the agent as SIGTERM, and ends as the agent does when that has stopped in order`, async () => {
      const { start, starts } = await withAgent(
        'trap "sleep 0.2; echo stopped >>$log; exit 0" TERM; echo up; while :; do sleep 0.05; done',
      );
      const child = start();
      await once(child.stdout ?? child, 'data');
      child.kill(signal);
      assert.deepEqual(await ended(child), { code: 0, signal: null });
      assert.deepEqual((await starts()).slice(1), ['stopped']);
    });
  }

  it('does not start the agent again that asks for it while it is told to end', async () => {
    const { start, starts } = await withAgent(`trap "exit ${AGAIN}" TERM; echo up; while :; do sleep 0.05; done`);
    const child = start();
    await once(child.stdout ?? child, 'data');
    child.kill('SIGTERM');
    assert.deepEqual(await ended(child), { code: 0, signal: null });
    assert.equal((await starts()).length, 1);
  });

  it('tells the agent its work folder, switches telemetry off, and hands arguments over as they are', async () => {
    const { start, starts, work } = await withAgent('exit 0');
    await ended(start('--config', 'a b.yaml'));
    assert.deepEqual(await starts(), [`${work} 1 agent run --config a b.yaml`]);
  });

  /** A release WORK/app/1.0.0 whose command line is a script; the first line of each start tells how it was called. */
  async function withAgent(body: string) {
    const work = temporaryFolder('start');
    const bin = join(work, 'app/1.0.0/bin');
    const log = join(work, 'log');
    await mkdir(bin, { recursive: true });
    await copyFile(SCRIPT, join(bin, 'start'));
    const agent = `#!/bin/sh\nlog='${log}'\necho "$OPENCLAW_HOME $ORT_DISABLE_TELEMETRY $*" >>"$log"\n${body}\n`;
    await writeFile(join(bin, 'openclaw-edge'), agent);
    for (const name of ['start', 'openclaw-edge']) await chmod(join(bin, name), 0o755);
    return {
      work,
      start: (...args: string[]) => {
        const child = spawn(join(bin, 'start'), args, { env: { PATH: process.env['PATH'] } });
        children.push(child);
        return child;
      },
      starts: async () => (await readFile(log, 'utf8')).trim().split('\n'),
    };
  }

  async function ended(child: ChildProcess) {
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    return { code: child.exitCode, signal: child.signalCode };
  }
});
