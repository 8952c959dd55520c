import { createRunner } from '../../src/adapters/onnx/create-runner.ts';
import { sandboxAvailable } from '../../src/adapters/sandbox/bubblewrap.ts';
import { failure } from '../../src/domain/errors.ts';
import type { ModelRunner } from '../../src/ports/model-runner.ts';
import { FakeRunner } from '../fakes/runner.ts';
import { modelPid, runnerOptions } from '../fixtures/runner/options.ts';
import { skip } from '../skip.ts';
import { modelRunnerContract } from './model-runner.ts';

describe('the fake model runner', () => {
  modelRunnerContract({
    make: (code) => new FakeRunner({ startFailure: code === undefined ? undefined : failure(code) }),
    armCrash(runner) {
      const fake = runner as FakeRunner;
      fake.hang();
      return () => {
        fake.crash();
        setImmediate(() => fake.recover());
      };
    },
  });
});

describe('the inline model runner', () => {
  modelRunnerContract({ make: () => createRunner(runnerOptions({ isolation: 'none' })) });
});

describe('the model runner in its own process', () => {
  modelRunnerContract({ make: () => createRunner(runnerOptions()), armCrash: armKill });
});

describe('the model runner in a sandbox', () => {
  before(async function () {
    const available = await sandboxAvailable();
    if (!available.ok) skip(this, available.error.message);
  });

  modelRunnerContract({ make: () => createRunner(runnerOptions({ isolation: 'sandbox' })), armCrash: armKill });
});

function armKill(runner: ModelRunner): () => void {
  const pid = modelPid(runner);
  process.kill(pid, 'SIGSTOP');
  return () => process.kill(pid, 'SIGKILL');
}
