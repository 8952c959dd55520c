import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { createRunner, type RunnerOptions } from '../../src/adapters/onnx/create-runner.ts';
import { sandboxAvailable } from '../../src/adapters/sandbox/bubblewrap.ts';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { ModelRunner, ModelToLoad } from '../../src/ports/model-runner.ts';
import { hungryModel, sumModel } from '../fixtures/models.ts';
import { modelPid, ready, runnerOptions } from '../fixtures/runner/options.ts';
import { skip } from '../skip.ts';

/** The promise to the user is one second; the test machine may be busy with other things. */
const SERVING_AGAIN_MS = 5000;
const MISBEHAVING = fileURLToPath(new URL('../fixtures/runner/misbehaving.ts', import.meta.url));
const MIB = 2 ** 20;

for (const isolation of ['process', 'sandbox'] as const) {
  describe(`a model runner (${isolation}) under attack`, () => {
    let runner: ModelRunner;

    before(async function () {
      const available = isolation === 'sandbox' ? await sandboxAvailable() : { ok: true as const };
      if (!available.ok) skip(this, available.error.message);
    });
    afterEach(() => runner.stop(1000));

    async function start(model: ModelToLoad, changes: Partial<RunnerOptions> = {}): Promise<void> {
      runner = createRunner(runnerOptions({ isolation, ...changes }));
      const loaded = await runner.start(model);
      assert.ok(loaded.ok, loaded.ok ? '' : loaded.error.message);
    }

    async function losesOneBatch(batch: Float32Array, code: ErrorCode, attack: (pid: number) => void): Promise<void> {
      const attacked = modelPid(runner);
      process.kill(attacked, 'SIGSTOP');
      const running = runner.run(batch, batch.length);
      attack(attacked);
      const lost = await running;
      assert.equal(lost.ok ? 'scores' : lost.error.code, code);
      await ready(runner);
      assert.ok((await runner.run(new Float32Array(1), 1)).ok);
      assert.equal(runner.stats().restarts, 1);
      assert.throws(() => process.kill(attacked, 0), { code: 'ESRCH' });
    }

    const one = new Float32Array([1]);

    // A process that was only sent the signal may answer once more before it falls: this one sends it to itself.
    for (const way of ['segfaults', 'aborts']) {
      it(`loses one batch when it ${way} and serves again`, async () => {
        await start(sumModel(4), { entry: MISBEHAVING, label: way });
        const lost = await runner.run(Float32Array.of(1, 0, 0, 0), 1);
        assert.equal(lost.ok ? 'scores' : lost.error.code, 'E_RUNNER_CRASHED');
        await ready(runner);
        assert.ok((await runner.run(new Float32Array(4), 1)).ok);
      }).timeout(SERVING_AGAIN_MS);
    }

    it('loses one batch to the kernel killing it and serves again', async () => {
      await start(sumModel(1));
      await losesOneBatch(one, 'E_RUNNER_CRASHED', (pid) => process.kill(pid, 'SIGKILL'));
    }).timeout(SERVING_AGAIN_MS);

    it('loses one batch to a hang, after its deadline, and serves again', async () => {
      await start(sumModel(1), { deadlineMs: 100 });
      await losesOneBatch(one, 'E_RUNNER_TIMEOUT', () => {});
    }).timeout(SERVING_AGAIN_MS);

    it('loses one batch to a model that takes all memory and serves again', async () => {
      await start(hungryModel(), { memoryBytes: 300 * MIB });
      // 8000 x 256 KiB = 2 GB, asked for by the input.
      await losesOneBatch(new Float32Array([8000]), 'E_RUNNER_MEMORY', (pid) => process.kill(pid, 'SIGCONT'));
    }).timeout(4 * SERVING_AGAIN_MS);
  });
}
