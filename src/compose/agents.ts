import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { createRunner } from '../adapters/onnx/create-runner.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { EdgeAgent, type EdgeAgentNeeds } from '../agent/edge-agent.ts';
import type { Config } from '../config/config.ts';
import type { Failure } from '../domain/errors.ts';
import type { RolloutState } from '../domain/rollout.ts';
import type { Log } from '../ports/log.ts';
import { makeFolder } from './folders.ts';
import { modelStore } from './model-store.ts';

/** A sandbox writes to its scratch folder as another user. */
const ANYBODY = 0o777;

type Shared = Pick<EdgeAgentNeeds, 'bus' | 'outbox' | 'mode' | 'rollouts'> & {
  readonly baseDir: string;
  readonly stateDir: string;
  readonly log: Log;
};

/** Makes the folders that sandboxed runners may write to. */
export async function makeScratchFolders({ agents }: Config, stateDir: string): Promise<void> {
  for (const { name, runner } of agents)
    if (runner.storage && runner.isolation === 'sandbox') await makeFolder(scratchOf(stateDir, name), ANYBODY);
}

/** Makes the agents of a configuration, each with runners of its own. */
export function makeAgents({ agents, thing }: Config, shared: Shared): readonly EdgeAgent[] {
  const { baseDir, stateDir, log, ...common } = shared;
  const clock = systemClock;
  const bootId = randomBytes(6).toString('base64url');
  const models = modelStore(baseDir);
  return agents.map((spec) => {
    const { name, runner, model } = spec;
    const agentLog = log.child({ agent: name });
    const scratchFolder = scratchOf(stateDir, name);
    const makeRunner = (use: 'active' | 'candidate') => {
      const label = use === 'active' ? runner.label : `${runner.label}-candidate`;
      return createRunner({ ...runner, label, device: model.device, clock, log: agentLog, scratchFolder });
    };
    return new EdgeAgent({ ...common, thing, bootId, spec, models, makeRunner, clock, log: agentLog });
  });
}

function scratchOf(stateDir: string, agent: string): string {
  return join(stateDir, 'scratch', agent);
}

/** A device that has taken rollouts stays reachable, whatever has become of its models: the next one may be the cure. */
export function refusalOfAll(agents: readonly EdgeAgent[]): Failure | undefined {
  if (agents.some(({ rollouts }) => rollouts?.record().active !== undefined)) return undefined;
  const refusals = agents.map((agent) => agent.status()).filter(({ state }) => state === 'refused');
  return refusals.length === agents.length ? refusals[0]?.problem : undefined;
}

/** Between the swap and the commit: not even what answers is settled yet. */
const UNSETTLED: ReadonlySet<RolloutState> = new Set(['swapping', 'watching', 'rollingBack']);

/** Why now is no good time to end this process: which agent is between swap and commit, and with what. */
export function unsettledSlot(agents: readonly EdgeAgent[]): string | undefined {
  for (const { name, rollouts } of agents) {
    const { state, candidate } = rollouts?.record() ?? {};
    if (state !== undefined && UNSETTLED.has(state))
      return `agent ${name} is ${state}${candidate === undefined ? '' : ` ${candidate.name} ${candidate.version}`}`;
  }
  return undefined;
}
