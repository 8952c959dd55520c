import assert from 'node:assert/strict';
import { processTree } from '../../src/adapters/onnx/proc-stats.ts';
import { sandboxAvailable } from '../../src/adapters/sandbox/bubblewrap.ts';
import { makeSite, type Site } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { hungryModel } from '../fixtures/models.ts';
import { MOSQUITTO } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

/** The promise to the user is one second, and each test tells in its title what it took; the machine may be busy. */
const SERVING_AGAIN_MS = 5_000;
/** Part of the time that a hang costs. */
const RUN_DEADLINE_MS = 300;
/** 256 KiB times this is 2 GB, several times the limit. */
const TOO_MUCH = 8_000;

for (const isolation of ['process', 'sandbox'] as const) {
  describe(`an agent whose model runner (${isolation}) falls`, function () {
    this.timeout(60_000);
    let site: Site;
    let agentPid: number;

    before(async function () {
      if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
      const available = isolation === 'sandbox' ? await sandboxAvailable() : ({ ok: true } as const);
      if (!available.ok) skip(this, available.error.message);
      const agent = { isolation, runner: { deadline: `${RUN_DEADLINE_MS}ms` }, resources: { memory: '300MB' } };
      site = await makeSite({ agent, model: hungryModel().bytes });
    });
    // A runner that falls again and again is restarted ever later: each test begins with one that never fell.
    beforeEach(async () => {
      await site.agent.start();
      await site.serving();
      agentPid = site.agent.pid;
    });
    afterEach(() => site?.agent.stop());
    after(() => site?.stop());

    /** Breaks the runner, goes on publishing, and tells how long no window was answered. */
    async function falls(breakIt: (pid: number) => void): Promise<number> {
      const { observer, sensors } = site;
      const [before] = (await site.diagnose()).agents;
      // Inside a sandbox it is the innermost process that runs the model.
      const model = processTree(before.runner.pid).at(-1) ?? before.runner.pid;
      breakIt(model);
      const brokenMs = performance.now();
      await waitFor('the process has fallen', () => {
        sensors.feed('probe', 1); // a hang shows only when there is something to do
        return isGone(model);
      });
      const seen = observer.results.length;
      await waitFor(
        'windows are answered again',
        () => {
          sensors.feed('probe', 1);
          return observer.results.length > seen;
        },
        SERVING_AGAIN_MS,
      );
      const downMs = performance.now() - brokenMs;
      const [after] = (await site.diagnose()).agents;
      assert.equal(after.runner.restarts, before.runner.restarts + 1);
      assert.equal(after.state, 'running');
      assert.ok(site.agent.running && site.agent.pid === agentPid, 'the agent itself was not touched');
      return Math.round(downMs);
    }

    const WAYS: Readonly<Record<string, (pid: number) => void>> = {
      'crashes (SIGSEGV)': (pid) => process.kill(pid, 'SIGSEGV'),
      'aborts (SIGABRT)': (pid) => process.kill(pid, 'SIGABRT'),
      'is killed by the kernel (SIGKILL)': (pid) => process.kill(pid, 'SIGKILL'),
      'hangs (SIGSTOP)': (pid) => process.kill(pid, 'SIGSTOP'),
      'takes all memory': () => site.sensors.feed('glutton', TOO_MUCH),
    };
    for (const [way, breakIt] of Object.entries(WAYS)) {
      it(`serves again when it ${way}`, async function () {
        const downMs = await falls(breakIt);
        if (this.test !== undefined) this.test.title += ` (after ${downMs} ms)`;
      });
    }
  });
}

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
