import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OneTimePublisher } from '../../scripts/signing/one-time-publisher.ts';
import { sandboxAvailable } from '../../src/adapters/sandbox/bubblewrap.ts';
import type { Architecture } from '../../src/component/build/architecture.ts';
import type { JsonValue, NucleusMode } from '../../src/sim/nucleus/services.ts';
import { meanModel, writeModelPackage } from '../fixtures/agent/model-package.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { builtAgent, ROOT } from '../fixtures/built-agent.ts';
import { startTestNucleusIpc, type TestNucleusIpc } from '../fixtures/nucleus-ipc.ts';
import { skip } from '../skip.ts';

const DEADLINE_MS = 120_000;
const READING = { values: [1] };
const CASES: readonly { isolation: string; mode: NucleusMode }[] = [
  { isolation: 'process', mode: 'classic' },
  { isolation: 'none', mode: 'lite' },
  { isolation: 'sandbox', mode: 'lite' },
];

describe('the unpacked archive of the agent', function () {
  this.timeout(DEADLINE_MS);
  let folder = '';
  let work = '';
  before(async () => {
    const built = await builtAgent(process.arch as Architecture);
    if (!built.ok) throw new Error(built.error.message);
    folder = built.value.folder;
    work = join(folder, '../..');
    // Not a shipped one: on a busy machine those are slower than they may be.
    await writeModelPackage(join(work, 'model'), meanModel(1), 1);
    const publisher = new OneTimePublisher('component-runs');
    await publisher.sign(join(work, 'model'), 1);
    await publisher.writeTrust(join(work, 'trust.json'));
  });

  it('runs the models of the shipped packages as this checkout does', async () => {
    const args = ['model', 'test', join(ROOT, 'artifacts/bearing-fault'), '--output', 'json'];
    // A busy machine may be over the latency budget: then it says so with its exit code, and not with its scores.
    const { stdout } = await cli(...args).catch((error) => error as { stdout: string });
    const { gates, variants } = JSON.parse(stdout);
    assert.equal(variants.length, 2);
    for (const { largestDifference } of variants) assert.ok(largestDifference <= gates.goldenTolerance);
  });

  it('has no command that only a developer needs', async () => {
    const { stdout } = await cli('--help');
    assert.match(stdout, /\n {2}agent /);
    assert.doesNotMatch(stdout, /\n {2}component /);
    await assert.rejects(cli('component', 'build'), /E_USAGE/);
  });

  for (const { isolation, mode } of CASES) {
    describe(`as a component on ${mode}, with isolation ${isolation}`, () => {
      let nucleus: TestNucleusIpc;
      let agent: ChildProcess;
      let log = '';

      before(async function () {
        if (isolation === 'sandbox' && !(await sandboxAvailable()).ok) skip(this, 'no bubblewrap here');
        nucleus = await startTestNucleusIpc({ mode, configuration: configured(isolation) });
        const env = { PATH: process.env['PATH'], OPENCLAW_TRUST: join(work, 'trust.json'), ...nucleus.env };
        agent = spawn(join(folder, 'bin/start'), [], { env, detached: true });
        for (const stream of [agent.stdout, agent.stderr]) stream?.on('data', (text) => (log += text));
      });

      after(async () => {
        killGroup(agent?.pid);
        await nucleus?.close();
        await rm(join(work, 'state'), { recursive: true, force: true });
      });

      it('answers readings of the local bus through the real IPC client', async () => {
        let results = 0;
        const filter = 'dt/edge-agent/test-thing/inference';
        nucleus.pubsub.subscribe({ filter, component: 'com.example.Neighbour', deliver: () => results++ });
        await waitFor('a result', () => {
          if (agent.exitCode !== null) throw new Error(`the agent ended: ${log}`);
          nucleus.pubsub.publish('com.example.Sensors', 'sensors/a/v', { kind: 'json', message: READING });
          return results > 0;
        });
        await waitFor('RUNNING is reported', () => nucleus.services.reported.at(-1)?.state === 'RUNNING');
      });

      it('can be asked by the launcher in its work folder', async () => {
        const launcher = join(work, 'bin/openclaw-edge');
        const { stdout } = await promisify(execFile)(launcher, ['--version'], { env: {} });
        assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
      });

      it('keeps compiled code in its work folder, needs no home, and ends in order', async () => {
        agent.kill('SIGTERM');
        if (agent.exitCode === null && agent.signalCode === null) await once(agent, 'exit');
        assert.equal(agent.exitCode, 0, log);
        await promisify(execFile)('test', ['-d', join(work, 'cache')]);
      });
    });
  }

  const cli = (...args: string[]) => promisify(execFile)(join(folder, 'bin/openclaw-edge'), args);

  function configured(isolation: string): { readonly [key: string]: JsonValue } {
    const agent = {
      name: 'press',
      isolation,
      inputs: [{ topic: 'local:sensors/+/v', values: '/values', key: { topicLevel: 1 } }],
      model: { path: './model' },
      outputs: { resultTopic: 'local:dt/edge-agent/{thing}/inference', results: 'direct' },
    };
    return JSON.parse(JSON.stringify({ shadow: { enabled: false }, agents: [agent] }));
  }
});

/** The script, the agent and its runner; nobody is left of those that ended in order. */
function killGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {}
}
