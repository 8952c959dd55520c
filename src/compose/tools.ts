import { createRunner } from '../adapters/onnx/create-runner.ts';
import { runnerLaunch } from '../adapters/onnx/launch.ts';
import { probeDevices } from '../adapters/onnx/probe.ts';
import { pinoLog } from '../adapters/pino-log.ts';
import { sandboxAvailable } from '../adapters/sandbox/bubblewrap.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { DoctorProbes } from '../cli/doctor.ts';
import type { ModelRunner } from '../ports/model-runner.ts';

/** Threads and deadline of a runner that only tests: as an agent's defaults. */
const TEST_RUNNER = {
  isolation: 'process',
  threads: 1,
  deadlineMs: 10_000,
  memoryBytes: undefined,
  network: true,
  storage: true,
} as const;

/** A runner for `model test`: the process that an agent would use. */
export function makeTestRunner(device: string): ModelRunner {
  return createRunner({
    ...TEST_RUNNER,
    label: 'model-test',
    device,
    clock: systemClock,
    log: pinoLog({ level: 'error' }),
  });
}

/** What `doctor` can only find out by trying. */
export const doctorProbes: DoctorProbes = {
  devices: () =>
    probeDevices({ launch: runnerLaunch({ label: 'probe' }), clock: systemClock, log: pinoLog({ level: 'silent' }) }),
  sandbox: () => sandboxAvailable(),
};
