import { z } from 'zod';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { AgentControls, PipelineControl } from './controls.ts';

export const MAX_NAME = 128;
/** Reads are answered from memory. */
export const READ_DEADLINE_MS = 5_000;

const agent = z.string().min(1).max(MAX_NAME);
export const someAgent = agent.optional().describe('name of one agent; left out: all of them');
export const onlyAgent = agent.optional().describe('name of the agent; may be left out when there is only one');

/** The named agent, or all. That a named one exists was checked before the command was accepted. */
export function chosen({ agents }: AgentControls, name: string | undefined): readonly PipelineControl[] {
  return [...agents.values()].filter((one) => name === undefined || one.name === name);
}

export function onlyOne(controls: AgentControls, name: string | undefined): Result<PipelineControl> {
  const agents = chosen(controls, name);
  const [one] = agents;
  if (one !== undefined && agents.length === 1) return ok(one);
  return fail('E_COMMAND_ARGS', `agent: name one of ${[...controls.agents.keys()].join(', ')}`);
}
