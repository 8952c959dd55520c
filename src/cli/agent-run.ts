import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import { DEVICES, type Device } from '../domain/agent-spec.ts';
import { EdgeError, type Failure, toFailure } from '../domain/errors.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { loadConfig, override, printProblems } from './config-file.ts';
import { anyText, integer, oneOf } from './flag-values.ts';
import { type Io, printError } from './io.ts';

/** From SIGTERM to the end: Greengrass and systemd give 15 s and more before they kill. */
const STOP_DEADLINE_MS = 8_000;
/** A device with no agent that works stays for this long: time to tell the fleet why, in the shadow. */
const REFUSED_MS = 3_000;
const MAX_BATCH = 1024;
/** The start script of the component knows it. */
const START_AGAIN = 75;

export type AgentRunFlags = {
  config: string | undefined;
  model: string | undefined;
  device: Device | undefined;
  batchSize: number | undefined;
};

/** What the composition root gives: a device that runs until it is stopped. */
export type RunningDevice = {
  readonly url: string | undefined;
  /** Why no agent at all could start; undefined while one does. */
  readonly refusal: Failure | undefined;
  /** Aborted once the process has to be started again: a configuration came that a running device cannot take up. */
  readonly restart?: AbortSignal | undefined;
  /** Aborted, with the reason, once the device can do nothing better than to end with a failure: who started it starts it anew. */
  readonly failed?: AbortSignal | undefined;
  stop(deadlineMs: number): Promise<void>;
};

export type StartDevice = (options: {
  config: Config;
  baseDir: string;
  reread: () => ReturnType<typeof loadConfig>;
}) => Promise<RunningDevice>;

type Loaded = Awaited<ReturnType<typeof loadConfig>>;

/** Starts the device as a Greengrass component, which gets its configuration from the nucleus, unless there is a file. */
export type StartComponent = (options: {
  override: (config: Config) => Config;
  file: { baseDir: string; read: () => Promise<Loaded> } | undefined;
  signal: AbortSignal;
}) => Promise<{ readonly ok: true; readonly value: RunningDevice } | Exclude<Loaded, { ok: true }>>;

/** `agent run`: the device's agents, until SIGTERM or SIGINT. `startComponent`: undefined outside Greengrass. */
export function agentRun(startDevice: StartDevice, startComponent?: StartComponent): CliCommand<AgentRunFlags> {
  return {
    name: 'agent run',
    summary: "Run this device's agents until SIGTERM",
    args: [],
    flags: [
      {
        key: 'config',
        name: '-c, --config <file>',
        description:
          'configuration in YAML; without it, that of the Greengrass component, or else bearings on an embedded broker',
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
      const { config: file } = flags;
      const read = () => loadConfig(file, flags);
      const baseDir = file === undefined ? process.cwd() : dirname(file);
      try {
        if (startComponent !== undefined) {
          const started = await startComponent({
            override: (config) => override(config, flags),
            file: file === undefined ? undefined : { baseDir, read },
            signal: io.signal,
          });
          if (!started.ok) return io.signal.aborted ? 0 : printProblems(io, started);
          return await runUntilAborted(started.value, io);
        }
        const loaded = await read();
        if (!loaded.ok) return printProblems(io, loaded);
        return await runUntilAborted(await startDevice({ config: loaded.value, baseDir, reread: read }), io);
      } catch (error) {
        if (error instanceof EdgeError) return printError(io, toFailure(error));
        throw error;
      }
    },
  };
}

async function runUntilAborted(device: RunningDevice, io: Io): Promise<ExitCode> {
  const { refusal, restart, failed } = device;
  const reasons = [restart, failed, refusal && AbortSignal.timeout(REFUSED_MS)].filter(
    (signal) => signal !== undefined,
  );
  const ends = AbortSignal.any([io.signal, ...reasons]);
  if (!ends.aborted) await new Promise((resolve) => ends.addEventListener('abort', resolve, { once: true }));
  const isTold = io.signal.aborted;
  await device.stop(STOP_DEADLINE_MS);
  if (failed?.aborted === true && !isTold) return printError(io, toFailure(failed.reason));
  if (restart?.aborted === true && !isTold) return START_AGAIN;
  return refusal === undefined ? 0 : printError(io, refusal);
}
