import type { CliCommand, ExitCode } from './command.ts';
import { AGENT_FLAGS, type AgentFlags, controlPath } from './control-client.ts';
import { printError } from './io.ts';
import { changeModel } from './model-change.ts';
import { printVerdict } from './model-verdict.ts';

export type ModelRollbackFlags = AgentFlags & { wait: boolean };

/** `model rollback`: the running agent goes back to its previous model. */
export const modelRollback: CliCommand<ModelRollbackFlags> = {
  name: 'model rollback',
  summary: 'Have the running agent go back to the previous model, and remember the one that it leaves as bad',
  args: [],
  flags: [
    ...AGENT_FLAGS,
    { key: 'wait', name: '--wait', description: 'until the previous model answers again', default: false },
  ],
  async run({ flags }, io): Promise<ExitCode> {
    const { agent, wait } = flags;
    const path = await controlPath(flags);
    if (!path.ok) return printError(io, path.error);
    const verdict = await changeModel(path.value, { verb: 'model.rollback', args: { agent }, wait }, io);
    return verdict === undefined ? 1 : printVerdict(io, verdict);
  },
};
