import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.ts';
import { type Checked, parseConfig } from '../config/load.ts';
import type { AgentSpec, Device } from '../domain/agent-spec.ts';
import { ERRORS, failure } from '../domain/errors.ts';
import type { ExitCode } from './command.ts';
import { exitCodeOf, type Io, printError, printJson } from './io.ts';
import { givenPackage } from './package-folder.ts';

/** What a device does without a configuration: the shipped bearing model on a broker of its own. */
const EMBEDDED_DEFAULT = 'agents: [{name: bearings}]';

/** Flags of the command line that go before what the file says. */
export type Overrides = {
  readonly model?: string | undefined;
  readonly device?: Device | undefined;
  readonly batchSize?: number | undefined;
};

/** Reads and checks a configuration file; the embedded default without one. */
export async function loadConfig(file: string | undefined, overrides: Overrides = {}): Promise<Checked> {
  const text = file === undefined ? EMBEDDED_DEFAULT : await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return { ok: false, error: failure('E_FILE_MISSING', file), problems: [] };
  const checked = parseConfig(text);
  return checked.ok ? { ok: true, value: override(checked.value, overrides) } : checked;
}

/** A path on the command line starts where the command was given, not where the configuration lies. */
export function override(config: Config, { model, device, batchSize }: Overrides): Config {
  const path = model === undefined ? undefined : givenPackage(model);
  const change = (agent: AgentSpec): AgentSpec => ({
    ...agent,
    model: { ...agent.model, path: path ?? agent.model.path, device: device ?? agent.model.device },
    batch: { ...agent.batch, max: batchSize ?? agent.batch.max },
  });
  return { ...config, agents: config.agents.map(change) };
}

/** Prints every problem of a configuration at once: where it is, what it is, what to do. */
export function printProblems(io: Io, refused: Exclude<Checked, { ok: true }>): ExitCode {
  const { error, problems } = refused;
  if (problems.length === 0) return printError(io, error);
  if (io.output === 'table') {
    for (const { path, line, problem, hint } of problems) {
      io.stderr.write(
        `${line === undefined ? '' : `line ${line}: `}${path} ${problem}${hint === undefined ? '' : ` (${hint})`}\n`,
      );
    }
    return printError(io, error);
  }
  const { code, message } = error;
  printJson(io, { ok: false, error: { code, message, hint: ERRORS[code].hint }, problems });
  return exitCodeOf(error.code);
}
