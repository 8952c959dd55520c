import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { createRunner, type RunnerOptions } from '../../src/adapters/onnx/create-runner.ts';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { ModelRunner } from '../../src/ports/model-runner.ts';
import { sumModel } from '../fixtures/models.ts';
import { ready, runnerOptions } from '../fixtures/runner/options.ts';

const MISBEHAVING = fileURLToPath(new URL('../fixtures/runner/misbehaving.ts', import.meta.url));
const MIB = 2 ** 20;
const TRIGGER = Float32Array.of(1, 0, 0, 0);

describe('a runner process that misbehaves', () => {
  let runner: ModelRunner;

  afterEach(() => runner.stop(1000));

  // What it does, what the run in flight is told, and what that must say.
  const faults: readonly [string, ErrorCode, RegExp, Partial<RunnerOptions>?][] = [
    ['garbage', 'E_RUNNER_PROTOCOL', /no frame starts here/],
    ['wrong-length', 'E_RUNNER_PROTOCOL', /16 bytes/],
    ['wrong-id', 'E_RUNNER_PROTOCOL', /no question/],
    ['huge-frame', 'E_RUNNER_PROTOCOL', /4294967280 bytes/],
    ['unknown-failure', 'E_RUNNER_PROTOCOL', /no failure/],
    ['flood-of-output', 'E_RUNNER_PROTOCOL', /flood/],
    ['closes-its-pipe', 'E_RUNNER_CRASHED', /closed its pipe/],
    ['exits', 'E_RUNNER_CRASHED', /exit code 3/],
    ['aborts', 'E_RUNNER_CRASHED', /SIGABRT/],
    ['segfaults', 'E_RUNNER_CRASHED', /SIGSEGV/],
    ['eats-memory', 'E_RUNNER_MEMORY', /of 250 MiB/, { memoryBytes: 250 * MIB }],
  ];

  for (const [way, code, says, changes] of faults) {
    it(`costs one batch and its life when it does this: ${way}`, async () => {
      runner = createRunner(runnerOptions({ ...changes, entry: MISBEHAVING, label: way }));
      assert.ok((await runner.start(sumModel())).ok);
      const { pid } = runner.stats();
      const lost = await runner.run(TRIGGER, 1);
      assert.equal(lost.ok ? 'scores' : lost.error.code, code);
      assert.match(lost.ok ? '' : lost.error.message, says);
      await ready(runner);
      assert.ok((await runner.run(new Float32Array(4), 1)).ok);
      assert.equal(runner.stats().restarts, 1);
      assert.equal(runner.stats().lastFailure?.code, code);
      assert.notEqual(runner.stats().pid, pid);
    });
  }

  it('gives its scores once, and loses its life, when it answers too often', async () => {
    runner = createRunner(runnerOptions({ entry: MISBEHAVING, label: 'too-many-answers' }));
    assert.ok((await runner.start(sumModel())).ok);
    const gone = new Promise<void>((resolve) => runner.onReady((isReady) => isReady || resolve()));
    assert.ok((await runner.run(TRIGGER, 1)).ok);
    await gone;
    assert.equal(runner.stats().lastFailure?.code, 'E_RUNNER_PROTOCOL');
  });

  it('is not believed when it describes its model wrongly', async () => {
    runner = createRunner(runnerOptions({ entry: MISBEHAVING, label: 'liar' }));
    const loaded = await runner.start(sumModel());
    assert.equal(loaded.ok ? 'started' : loaded.error.code, 'E_RUNNER_PROTOCOL');
    assert.equal(runner.stats().pid, undefined);
  });

  it('fails the start, and does not try again, when its program is not there', async () => {
    runner = createRunner(runnerOptions({ entry: '/nonexistent/runner.ts' }));
    const loaded = await runner.start(sumModel());
    assert.equal(loaded.ok ? 'started' : loaded.error.code, 'E_RUNNER_CRASHED');
    assert.equal(runner.stats().state, 'stopped');
    assert.equal(runner.stats().restarts, 0);
  });
});
