import { existsSync } from 'node:fs';
import { failure } from '../domain/errors.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { AGENT_FLAGS, type AgentFlags, controlPath } from './control-client.ts';
import { duration } from './flag-values.ts';
import { printError } from './io.ts';
import { changeModel } from './model-change.ts';
import { findTargetsWithin } from './model-targets.ts';
import { printVerdict, printVerdicts, type Verdict } from './model-verdict.ts';
import { givenPackage } from './package-folder.ts';

/** Nobody starts an agent for longer; who waits longer has another problem. */
const MAX_PATIENCE_MS = 24 * 3600_000;

/** Each agent has a slot of its own, and a probation may take minutes; the agent's socket takes 16 connections. */
const AT_ONCE = 8;

export type ModelActivateFlags = AgentFlags & { wait: boolean; force: boolean; patience: number };

/** `model activate PACKAGE`: the running agents roll the package out. With --wait the exit code is the verdict. */
export const modelActivate: CliCommand<ModelActivateFlags> = {
  name: 'model activate',
  summary: 'Have the running agent roll a model package out: every agent of that model, where none is named',
  args: [{ name: '<package>', description: 'a package as a folder or a zip, or the name of a shipped one' }],
  flags: [
    ...AGENT_FLAGS,
    {
      key: 'wait',
      name: '--wait',
      description: 'until it is committed (exit 0) or refused, rolled back or cancelled (exit 1, with the reason)',
      default: false,
    },
    {
      key: 'patience',
      name: '--patience <duration>',
      description: 'how long to wait for an agent that is not there yet, such as 2m',
      default: 0,
      defaultText: '0s',
      parse: duration(0, MAX_PATIENCE_MS),
    },
    { key: 'force', name: '--force', description: 'although this version was found bad here before', default: false },
  ],
  async run({ args, flags }, io): Promise<ExitCode> {
    const { agent, wait, force, patience } = flags;
    const path = await controlPath(flags);
    if (!path.ok) return printError(io, path.error);
    const source = givenPackage(args[0] ?? '');
    if (!existsSync(source)) return printError(io, failure('E_MODEL_MISSING', source));
    const targets = await findTargetsWithin(path.value, patience, { agent, source }, io);
    if (!targets.ok) return printError(io, targets.error);
    const { agents, model } = targets.value;
    const verdicts: Verdict[] = [];
    for (let begun = 0; begun < agents.length; begun += AT_ONCE) {
      const changes = agents.slice(begun, begun + AT_ONCE).map((one) => {
        const args = { agent: one, source, force };
        return changeModel(path.value, { verb: 'model.rollout', args, wait }, io);
      });
      for (const verdict of await Promise.all(changes)) if (verdict !== undefined) verdicts.push(verdict);
    }
    if (verdicts.length < agents.length) return 1;
    const [only] = verdicts;
    return model === undefined && only !== undefined
      ? printVerdict(io, only)
      : printVerdicts(io, model ?? '', verdicts);
  },
};
