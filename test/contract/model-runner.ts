import assert from 'node:assert/strict';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { ModelRunner } from '../../src/ports/model-runner.ts';
import { graph, modelOf, sumModel, sumScores } from '../fixtures/models.ts';

export type RunnerHarness = {
  /** Makes a runner. A fake is told what its start must fail with; a real one finds out. */
  make(startFails?: ErrorCode): ModelRunner;
  /**
   * Freezes the process of a ready runner, so that the next run stays in flight; what is returned kills it. Undefined:
   * this runner cannot survive that.
   */
  armCrash?: (runner: ModelRunner) => () => void;
};

const STOP_MS = 2000;

/** What every model runner keeps to, whatever is behind it. */
export function modelRunnerContract(harness: RunnerHarness): void {
  let runner: ModelRunner;
  const batch = Float32Array.from([1, 2, 3, 4, 10, 20, 30, 40]);

  afterEach(async () => {
    await runner?.stop(STOP_MS);
  });

  async function started(): Promise<ModelRunner> {
    runner = harness.make();
    const loaded = await runner.start(sumModel());
    assert.ok(loaded.ok, loaded.ok ? '' : loaded.error.message);
    return runner;
  }

  async function scoresOf(values: Float32Array, count: number): Promise<number[]> {
    const result = await runner.run(values, count);
    assert.ok(result.ok, result.ok ? '' : result.error.message);
    return [...result.value];
  }

  async function startFailsWith(code: ErrorCode, model = sumModel()): Promise<void> {
    runner = harness.make(code);
    const loaded = await runner.start(model);
    assert.equal(loaded.ok ? 'started' : loaded.error.code, code);
    assert.equal(runner.ready, false);
    assert.equal(runner.stats().state, 'stopped');
    assert.equal(runner.stats().pid, undefined);
  }

  it('tells what it loaded and how fast it is', async () => {
    runner = harness.make();
    const loaded = await runner.start(sumModel());
    assert.ok(loaded.ok);
    assert.equal(loaded.value.provider, 'cpu');
    assert.ok(loaded.value.singleMs > 0);
    assert.ok(loaded.value.batchGain > 0);
    assert.equal(runner.stats().state, 'ready');
  });

  it('answers each window of a batch, row by row', async () => {
    await started();
    assert.deepEqual(await scoresOf(batch, 2), sumScores(batch, 2));
    assert.deepEqual(await scoresOf(batch.subarray(4), 1), sumScores(batch.subarray(4), 1));
  });

  it('answers a batch of half a megabyte', async () => {
    await started();
    const large = Float32Array.from({ length: 4 * 32_768 }, (_, i) => i % 5);
    assert.deepEqual(await scoresOf(large, 32_768), sumScores(large, 32_768));
  });

  it('leaves the scores to the caller: later runs do not change them', async () => {
    await started();
    const first = await runner.run(batch, 2);
    await scoresOf(new Float32Array(8).fill(7), 2);
    assert.ok(first.ok);
    assert.deepEqual([...first.value], sumScores(batch, 2));
  });

  it('throws when a second run comes before the first one has ended', async () => {
    await started();
    const first = runner.run(batch, 2);
    assert.throws(() => runner.run(batch, 2), /in flight/);
    assert.ok((await first).ok);
  });

  it('fails a run whose batch has the wrong length, and goes on', async () => {
    await started();
    const result = await runner.run(batch, 3);
    assert.equal(result.ok ? 'scores' : result.error.code, 'E_RUN_FAILED');
    assert.deepEqual(await scoresOf(batch, 2), sumScores(batch, 2));
    assert.equal(runner.stats().restarts, 0);
  });

  it('refuses bytes that are no model', () => startFailsWith('E_MODEL_LOAD', modelOf(new Uint8Array(64), 4, ['a'])));

  it('refuses a model of another window than the manifest says', () =>
    startFailsWith('E_MODEL_CONTRACT', modelOf(sumModel(4).bytes, 8, ['a', 'b', 'c'])));

  it('refuses a model with another number of labels than the manifest says', () =>
    startFailsWith('E_MODEL_CONTRACT', modelOf(sumModel(4).bytes, 4, ['a', 'b'])));

  it('refuses a model that does not have the output of the manifest', () => {
    const model = modelOf(sumModel(4).bytes, 4, ['a', 'b', 'c']);
    return startFailsWith('E_MODEL_CONTRACT', { ...model, output: { ...model.output, name: 'probabilities' } });
  });

  it('refuses a model whose answer has another shape than its graph declares open', () => {
    const nodes = [{ opType: 'Identity', input: ['x'], output: ['y'] }];
    const bytes = graph([{ name: 'x', dims: ['n', 4] }], [{ name: 'y', dims: ['n', 'k'] }], nodes);
    return startFailsWith('E_MODEL_CONTRACT', modelOf(bytes, 4, ['a', 'b', 'c']));
  });

  it('is unavailable before its start and after its stop', async () => {
    runner = harness.make();
    const before = await runner.run(batch, 2);
    assert.equal(before.ok ? 'scores' : before.error.code, 'E_RUNNER_UNAVAILABLE');
    await runner.start(sumModel());
    await runner.stop(STOP_MS);
    const after = await runner.run(batch, 2);
    assert.equal(after.ok ? 'scores' : after.error.code, 'E_RUNNER_UNAVAILABLE');
  });

  it('stops twice as well as once, and leaves no process', async () => {
    await started();
    const { pid } = runner.stats();
    await Promise.all([runner.stop(STOP_MS), runner.stop(STOP_MS)]);
    await runner.stop(STOP_MS);
    assert.equal(runner.stats().state, 'stopped');
    assert.equal(runner.stats().pid, undefined);
    if (pid !== undefined) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  it('tells when it becomes ready and when it no longer is', async () => {
    const told: boolean[] = [];
    runner = harness.make();
    runner.onReady((ready) => told.push(ready));
    const deaf = runner.onReady(() => assert.fail('this listener went away'));
    deaf();
    await runner.start(sumModel());
    await runner.stop(STOP_MS);
    assert.deepEqual(told, [true, false]);
  });

  const { armCrash } = harness;
  if (armCrash === undefined) return;

  it('fails the run in flight when its process dies, is unavailable, and then serves again', async () => {
    await started();
    const crash = armCrash(runner);
    const back = new Promise<void>((resolve) => runner.onReady((ready) => ready && resolve()));
    const running = runner.run(batch, 2);
    crash();
    const lost = await running;
    assert.equal(lost.ok ? 'scores' : lost.error.code, 'E_RUNNER_CRASHED');
    const meanwhile = await runner.run(batch, 2);
    assert.equal(meanwhile.ok ? 'scores' : meanwhile.error.code, 'E_RUNNER_UNAVAILABLE');
    assert.equal(runner.stats().restarts, 1);
    assert.equal(runner.stats().lastFailure?.code, 'E_RUNNER_CRASHED');
    await back;
    assert.deepEqual(await scoresOf(batch, 2), sumScores(batch, 2));
  });
}
