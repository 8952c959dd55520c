import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { failure } from '../domain/errors.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { AGENT_FLAGS, type AgentFlags, controlPath } from './control-client.ts';
import { printError } from './io.ts';
import { changeModel } from './model-change.ts';
import { packageFolder } from './package-folder.ts';

export type ModelActivateFlags = AgentFlags & { wait: boolean; force: boolean };

/** `model activate PACKAGE`: the running agent rolls the package out. With --wait the exit code is the verdict. */
export const modelActivate: CliCommand<ModelActivateFlags> = {
  name: 'model activate',
  summary: 'Have the running agent roll a model package out',
  args: [{ name: '<package>', description: 'a package as a folder or a zip, or the name of a shipped one' }],
  flags: [
    ...AGENT_FLAGS,
    {
      key: 'wait',
      name: '--wait',
      description: 'until it is committed (exit 0) or refused, rolled back or cancelled (exit 1, with the reason)',
      default: false,
    },
    { key: 'force', name: '--force', description: 'although this version was found bad here before', default: false },
  ],
  async run({ args, flags }, io): Promise<ExitCode> {
    const { agent, wait, force } = flags;
    const path = await controlPath(flags);
    if (!path.ok) return printError(io, path.error);
    const source = packagePath(args[0] ?? '');
    if (!existsSync(source)) return printError(io, failure('E_MODEL_MISSING', source));
    return changeModel(path.value, { verb: 'model.rollout', args: { agent, source, force }, wait }, io);
  },
};

/** What lies here goes before what is shipped: a zip beside us needs no slash in its name. */
function packagePath(given: string): string {
  const here = resolve(given);
  return existsSync(here) ? here : packageFolder(given);
}
