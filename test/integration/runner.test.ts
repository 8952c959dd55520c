import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRunner } from '../../src/adapters/onnx/create-runner.ts';
import { runnerLaunch } from '../../src/adapters/onnx/launch.ts';
import { probeDevices } from '../../src/adapters/onnx/probe.ts';
import { ProcessRunner } from '../../src/adapters/onnx/process-runner.ts';
import { ok } from '../../src/domain/errors.ts';
import type { ModelRunner } from '../../src/ports/model-runner.ts';
import { FakeClock } from '../fakes/clock.ts';
import { fragileModel, sumModel } from '../fixtures/models.ts';
import { ready, runnerOptions } from '../fixtures/runner/options.ts';

const MISBEHAVING = fileURLToPath(new URL('../fixtures/runner/misbehaving.ts', import.meta.url));

describe('a model runner', () => {
  let runner: ModelRunner;

  afterEach(() => runner?.stop(1000));

  for (const isolation of ['none', 'process'] as const) {
    it(`(${isolation}) tells the error of a model on one input, and goes on`, async () => {
      runner = createRunner(runnerOptions({ isolation }));
      assert.ok((await runner.start(fragileModel())).ok);
      const failed = await runner.run(new Float32Array([1, 99]), 2);
      assert.equal(failed.ok ? 'scores' : failed.error.code, 'E_RUN_FAILED');
      assert.match(failed.ok ? '' : failed.error.message, /Gather/);
      const answered = await runner.run(new Float32Array([1, 0]), 2);
      assert.deepEqual(answered.ok && [...answered.value], [20, 10]);
      assert.equal(runner.stats().restarts, 0);
    });

    it(`(${isolation}) refuses a device that is not there, and says why`, async () => {
      for (const device of ['quantum', 'npu', 'webgpu']) {
        runner = createRunner(runnerOptions({ isolation, device }));
        const loaded = await runner.start(sumModel());
        // A machine with a GPU may have the last one.
        if (loaded.ok) assert.equal(device, loaded.value.provider);
        else assert.equal(loaded.error.code, 'E_DEVICE_UNAVAILABLE');
        await runner.stop(1000);
      }
    });
  }

  it('finds a device by itself, and says which', async () => {
    runner = createRunner(runnerOptions({ device: 'auto' }));
    const loaded = await runner.start(sumModel());
    assert.match(loaded.ok ? loaded.value.provider : '', /^(cpu|cuda)$/);
  });

  it('tries every known device, and gives a reason for each that does not work', async () => {
    const { clock, log } = runnerOptions();
    const probed = await probeDevices({ launch: runnerLaunch({ label: 'probe' }), clock, log });
    assert.equal(probed.find(({ device }) => device === 'cpu')?.usable, true);
    assert.equal(probed.find(({ device }) => device === 'npu')?.usable, false);
    for (const { usable, reason } of probed) assert.equal(reason === undefined, usable);
  });

  it('uses no CPU while it waits, however many threads it has', async () => {
    runner = createRunner(runnerOptions({ threads: 4 }));
    assert.ok((await runner.start(sumModel(1024))).ok);
    for (let i = 0; i < 20; i++) await runner.run(new Float32Array(1024 * 64), 64);
    const before = runner.stats().cpuMs;
    await sleep(1000);
    // One thread that spins would show a whole second.
    assert.ok(runner.stats().cpuMs - before < 100, `${runner.stats().cpuMs - before} ms`);
  });

  it('counts CPU time and memory, across restarts', async () => {
    runner = createRunner(runnerOptions());
    assert.ok((await runner.start(sumModel())).ok);
    const { cpuMs, rssBytes, pid } = runner.stats();
    assert.ok(cpuMs > 0 && rssBytes > 2 ** 20 && pid !== undefined);
    const down = new Promise<void>((resolve) => runner.onReady((isReady) => isReady || resolve()));
    process.kill(pid, 'SIGKILL');
    await down;
    await ready(runner);
    assert.ok(runner.stats().cpuMs >= cpuMs);
    assert.notEqual(runner.stats().pid, pid);
  });

  it('leaves it to the agent when to end: a signal to the whole group does not stop it', async () => {
    runner = createRunner(runnerOptions());
    assert.ok((await runner.start(sumModel())).ok);
    const { pid } = runner.stats();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid ?? 0, signal);
    assert.ok((await runner.run(new Float32Array(4), 1)).ok);
    assert.equal(runner.stats().pid, pid);
    assert.equal(runner.stats().restarts, 0);
  });

  it('is not blamed for an answer that this process was held up to read', async () => {
    runner = createRunner(runnerOptions({ deadlineMs: 200 }));
    assert.ok((await runner.start(sumModel())).ok);
    const answer = runner.run(new Float32Array(4), 1);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    assert.ok((await answer).ok);
    assert.equal(runner.stats().restarts, 0);
  });

  it('gives up a load that does not end', async () => {
    const { clock, log } = runnerOptions();
    runner = ofProcess('hang-on-load', { clock, log, loadDeadlineMs: 300 });
    const loaded = await runner.start(sumModel());
    assert.equal(loaded.ok ? 'loaded' : loaded.error.code, 'E_RUNNER_TIMEOUT');
    assert.equal(runner.stats().pid, undefined);
  });

  it('waits longer after each crash, and leaves nothing waiting when it is stopped', async () => {
    const clock = new FakeClock();
    runner = ofProcess('exits', { clock, log: runnerOptions().log, loadDeadlineMs: 5000 });
    assert.ok((await runner.start(sumModel())).ok);
    await runner.run(Float32Array.of(1, 0, 0, 0), 1);
    await clock.advance(0);
    await ready(runner);
    await runner.run(Float32Array.of(1, 0, 0, 0), 1);
    await clock.advance(249);
    assert.deepEqual([runner.stats().state, runner.stats().pid], ['restarting', undefined]);
    await clock.advance(1);
    assert.notEqual(runner.stats().pid, undefined);
    await ready(runner);
    await runner.run(Float32Array.of(1, 0, 0, 0), 1);
    assert.equal(runner.stats().restarts, 3);
    await runner.stop(1000);
    assert.equal(clock.pending, 0);
  });

  it('says so when it is stopped while it starts', async () => {
    runner = createRunner(runnerOptions());
    const starting = runner.start(sumModel());
    await runner.stop(1000);
    const loaded = await starting;
    assert.equal(loaded.ok ? 'loaded' : loaded.error.code, 'E_RUNNER_UNAVAILABLE');
    assert.equal(runner.stats().state, 'stopped');
  });

  function ofProcess(
    label: string,
    rest: Pick<ConstructorParameters<typeof ProcessRunner>[0], 'clock' | 'log' | 'loadDeadlineMs'>,
  ) {
    return new ProcessRunner({
      ...rest,
      launch: runnerLaunch({ label, entry: MISBEHAVING }),
      provider: async () => ok('cpu'),
      threads: 1,
      deadlineMs: 5000,
      memoryBytes: undefined,
      random: () => 1,
    });
  }
});
