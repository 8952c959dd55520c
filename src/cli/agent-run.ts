import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import { DEVICES, type Device } from '../domain/agent-spec.ts';
import { EdgeError, type Failure, toFailure } from '../domain/errors.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { loadConfig, printProblems } from './config-file.ts';
import { anyText, integer, oneOf } from './flag-values.ts';
import { type Io, printError } from './io.ts';

/** From SIGTERM to the end: Greengrass and systemd give 15 s and more before they kill. */
const STOP_DEADLINE_MS = 8_000;
/** A device with no agent that works stays for this long: time to tell the fleet why, in the shadow. */
const REFUSED_MS = 3_000;
const MAX_BATCH = 1024;

export type AgentRunFlags = {
  config: string | undefined;
  model: string | undefined;
  device: Device | undefined;
  batchSize: number | undefined;
};

/** What the composition root gives: a device that runs until it is stopped. */
export type RunningDevice = {
  readonly url: string;
  /** Why no agent at all could start; undefined while one does. */
  readonly refusal: Failure | undefined;
  stop(deadlineMs: number): Promise<void>;
};

export type StartDevice = (options: {
  config: Config;
  baseDir: string;
  reread: () => ReturnType<typeof loadConfig>;
}) => Promise<RunningDevice>;

/** `agent run`: the device's agents, until SIGTERM or SIGINT. */
export function agentRun(startDevice: StartDevice): CliCommand<AgentRunFlags> {
  return {
    name: 'agent run',
    summary: "Run this device's agents until SIGTERM",
    args: [],
    flags: [
      {
        key: 'config',
        name: '-c, --config <file>',
        description: 'configuration in YAML; without it, bearings on an embedded broker',
        parse: anyText,
      },
      {
        key: 'model',
        name: '--model <model>',
        description: 'model package of every agent: a folder, or the name of a shipped one',
        parse: anyText,
      },
      {
        key: 'device',
        name: '--device <device>',
        description: `where models compute: ${DEVICES.join(', ')}`,
        parse: oneOf(DEVICES),
      },
      {
        key: 'batchSize',
        name: '--batch-size <n>',
        description: 'windows in one run of the model at most',
        parse: integer(1, MAX_BATCH),
      },
    ],
    async run({ flags }, io): Promise<ExitCode> {
      const read = () => loadConfig(flags.config, flags);
      const loaded = await read();
      if (!loaded.ok) return printProblems(io, loaded);
      const baseDir = flags.config === undefined ? process.cwd() : dirname(flags.config);
      try {
        return await runUntilAborted(await startDevice({ config: loaded.value, baseDir, reread: read }), io);
      } catch (error) {
        if (error instanceof EdgeError) return printError(io, toFailure(error));
        throw error;
      }
    },
  };
}

async function runUntilAborted(device: RunningDevice, io: Io): Promise<ExitCode> {
  const ends = device.refusal === undefined ? io.signal : AbortSignal.any([io.signal, AbortSignal.timeout(REFUSED_MS)]);
  if (!ends.aborted) await new Promise((resolve) => ends.addEventListener('abort', resolve, { once: true }));
  await device.stop(STOP_DEADLINE_MS);
  return device.refusal === undefined ? 0 : printError(io, device.refusal);
}
