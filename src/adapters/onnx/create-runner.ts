import { getCompileCacheDir } from 'node:module';
import type { RunnerSpec } from '../../domain/agent-spec.ts';
import { ok } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { ModelRunner } from '../../ports/model-runner.ts';
import { sandboxAvailable, sandboxed } from '../sandbox/bubblewrap.ts';
import { InlineRunner } from './inline-runner.ts';
import { compileCacheBase, RUNNER_ENTRY, runnerLaunch } from './launch.ts';
import { chooseProvider } from './probe.ts';
import { LOAD_DEADLINE_MS, ProcessRunner } from './process-runner.ts';
import type { Launch } from './runner-process.ts';

export type RunnerOptions = RunnerSpec & {
  /** auto, cpu, cuda, ...: see device.ts. */
  readonly device: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The one folder that a sandboxed runner with the `storage` permission may write to. */
  readonly scratchFolder?: string | undefined;
  /** The script of the runner process, where it is not beside this file. */
  readonly entry?: string | undefined;
};

/** Makes the runner that the isolation asks for. Nothing runs before `start`. */
export function createRunner(options: RunnerOptions): ModelRunner {
  const { threads, deadlineMs, memoryBytes, clock, log, device, isolation } = options;
  const launch = launchOf(options);
  const choose = () => chooseProvider(device, { launch, clock, log });
  if (isolation === 'none') return new InlineRunner({ threads, provider: choose });
  const provider = async () => {
    const possible = isolation === 'sandbox' ? await sandboxAvailable() : ok(undefined);
    return possible.ok ? choose() : possible;
  };
  const loadDeadlineMs = LOAD_DEADLINE_MS;
  return new ProcessRunner({
    launch,
    provider,
    threads,
    deadlineMs,
    loadDeadlineMs,
    memoryBytes,
    clock,
    log,
    random: Math.random,
  });
}

function launchOf({ isolation, label, network, storage, scratchFolder, entry = RUNNER_ENTRY }: RunnerOptions): Launch {
  const compileCache = compileCacheBase(getCompileCacheDir());
  const launch = runnerLaunch({ label, entry, compileCache });
  if (isolation !== 'sandbox') return launch;
  return sandboxed(launch, { entry, network, writable: storage ? scratchFolder : undefined, readable: compileCache });
}
