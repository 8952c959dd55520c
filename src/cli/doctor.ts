import { access, constants, mkdir, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Result } from '../domain/errors.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { loadConfig } from './config-file.ts';
import { anyText } from './flag-values.ts';
import { type Io, printJson, printTable } from './io.ts';

export type DoctorFlags = { config: string | undefined };

/** `warn`: works, and somebody should know; `fail`: what the configuration asks for will not work. */
type Finding = { readonly check: string; readonly state: 'ok' | 'warn' | 'fail'; readonly detail: string };

/** What the composition root gives: the probes that need adapters. */
export type DoctorProbes = {
  readonly devices: () => Promise<readonly { device: string; usable: boolean; reason: string | undefined }[]>;
  readonly sandbox: () => Promise<Result<void>>;
};

const NEEDED_NODE = 24;
/** Under this the outbox, its ballast and a rollout's copies no longer fit. */
const LEAST_FREE_BYTES = 512 * 1024 * 1024;
/** A clock before the release of this code is a dead battery: certificates and commands would be judged wrongly. */
const CLOCK_NOT_BEFORE = Date.UTC(2026, 0, 1);

/** `doctor`: whether this machine can do what it is to do. */
export function doctor(probes: DoctorProbes): CliCommand<DoctorFlags> {
  return {
    name: 'doctor',
    summary: 'Find out what this machine can do, and what stands in the way',
    args: [],
    flags: [
      {
        key: 'config',
        name: '-c, --config <file>',
        description: 'check what this configuration needs, too',
        parse: anyText,
      },
    ],
    async run({ flags }, io): Promise<ExitCode> {
      const findings = [
        checkNode(),
        checkClock(),
        checkTelemetry(),
        ...(await checkDevices(probes)),
        await checkSandbox(probes, flags),
      ];
      findings.push(...(await checkState(flags)));
      return tell(findings, io);
    },
  };
}

function checkNode(): Finding {
  const fine = Number.parseInt(process.versions.node, 10) >= NEEDED_NODE;
  const detail = `${process.version} on ${process.platform} ${process.arch}`;
  return { check: 'node', state: fine ? 'ok' : 'fail', detail };
}

function checkClock(): Finding {
  const now = new Date();
  return { check: 'clock', state: now.getTime() >= CLOCK_NOT_BEFORE ? 'ok' : 'fail', detail: now.toISOString() };
}

function checkTelemetry(): Finding {
  const off = process.env['ORT_DISABLE_TELEMETRY'] === '1';
  return { check: 'telemetry', state: off ? 'ok' : 'fail', detail: off ? 'off' : 'ORT_DISABLE_TELEMETRY is not 1' };
}

async function checkDevices({ devices }: DoctorProbes): Promise<Finding[]> {
  return (await devices()).map(({ device, usable, reason }) => ({
    check: `device ${device}`,
    state: usable ? 'ok' : device === 'cpu' ? 'fail' : 'warn',
    detail: usable ? 'a session runs on it' : (reason ?? 'not usable'),
  }));
}

async function checkSandbox({ sandbox }: DoctorProbes, { config }: DoctorFlags): Promise<Finding> {
  const loaded = await loadConfig(config);
  const wanted = loaded.ok && loaded.value.agents.some(({ runner }) => runner.isolation === 'sandbox');
  const possible = await sandbox();
  const state = possible.ok ? 'ok' : wanted ? 'fail' : 'warn';
  return { check: 'sandbox', state, detail: possible.ok ? 'bubblewrap starts' : possible.error.message };
}

async function checkState({ config }: DoctorFlags): Promise<Finding[]> {
  const loaded = await loadConfig(config);
  if (!loaded.ok) return [{ check: 'configuration', state: 'fail', detail: loaded.error.message }];
  const folder = resolve(config === undefined ? process.cwd() : dirname(config), loaded.value.stateDir);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    const { bavail, bsize } = await statfs(folder);
    const detail = `${folder}, ${Math.round((bavail * bsize) / 1e6)} MB free`;
    return [{ check: 'state folder', state: bavail * bsize >= LEAST_FREE_BYTES ? 'ok' : 'warn', detail }];
  } catch (error) {
    return [{ check: 'state folder', state: 'fail', detail: `${folder}: ${String(error)}` }];
  }
}

function tell(findings: readonly Finding[], io: Io): ExitCode {
  const failed = findings.some(({ state }) => state === 'fail');
  if (io.output === 'table') printTable(io, findings);
  else printJson(io, { ok: !failed, findings });
  return failed ? 1 : 0;
}
