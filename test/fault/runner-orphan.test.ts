import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sandboxAvailable } from '../../src/adapters/sandbox/bubblewrap.ts';
import { skip } from '../skip.ts';

const PARENT = fileURLToPath(new URL('../fixtures/runner/parent.ts', import.meta.url));
const POLL_MS = 20;

describe('a runner whose agent is killed with kill -9', () => {
  let parent: ChildProcess;

  afterEach(() => parent.kill('SIGKILL'));

  for (const life of ['idle', 'busy']) {
    it(`ends by itself (${life})`, () => endsWithItsAgent(life, 'process'));
  }

  it('ends by itself in a sandbox', async function () {
    const available = await sandboxAvailable();
    if (!available.ok) skip(this, available.error.message);
    await endsWithItsAgent('idle', 'sandbox');
  });

  async function endsWithItsAgent(life: string, isolation: string): Promise<void> {
    parent = spawn(process.execPath, [PARENT, life, isolation], { stdio: ['ignore', 'pipe', 'inherit'] });
    assert.ok(parent.stdout);
    const [line] = await once(parent.stdout, 'data');
    const runner = Number(line);
    assert.ok(runs(runner), `no process ${line}`);
    parent.kill('SIGKILL');
    // The test's own timeout ends this wait.
    while (runs(runner)) await sleep(POLL_MS);
  }
});

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
