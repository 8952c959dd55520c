import { setTimeout as pause } from 'node:timers/promises';
import { type Failure, fail, ok, type Result } from '../domain/errors.ts';
import { packageName } from '../package/package-name.ts';
import { ControlClient } from './control-client.ts';
import type { Io } from './io.ts';

/** An agent that starts is there within seconds: looking twice a second costs nothing. */
const LOOK_EVERY_MS = 500;

/** Whose models a package is for. */
export type Targets = {
  /** Undefined: the device's only agent. */
  readonly agents: readonly [undefined] | readonly string[];
  /** Name of the model; undefined where nobody had to look. */
  readonly model: string | undefined;
};

type Wanted = { readonly agent: string | undefined; readonly source: string };
type Listed = {
  readonly agent: string;
  readonly model?: { readonly configured?: string; readonly active?: string } | undefined;
};

/** Asks the running agent for the targets. One that is not there yet, or that goes before it has answered, is waited for. */
export async function findTargetsWithin(
  path: string,
  patienceMs: number,
  wanted: Wanted,
  io: Io,
): Promise<Result<Targets>> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const targets = await askForTargets(path, wanted);
    const leftMs = endMs - performance.now();
    if (targets.ok || leftMs <= 0 || !isAway(targets.error)) return targets;
    try {
      await pause(Math.min(LOOK_EVERY_MS, leftMs), undefined, { signal: io.signal });
    } catch {
      return fail('E_AGENT_UNREACHABLE', path);
    }
  }
}

async function askForTargets(path: string, wanted: Wanted): Promise<Result<Targets>> {
  const connected = await ControlClient.connect(path);
  if (!connected.ok) return connected;
  const targets = await findTargets(connected.value, wanted);
  connected.value.close();
  return targets;
}

/**
 * Finds the agents of a package: the named one, the device's only one, or all whose configured or active model has the
 * name of the package. E_MODEL_UNWANTED: there is none.
 */
async function findTargets(client: ControlClient, { agent, source }: Wanted): Promise<Result<Targets>> {
  if (agent !== undefined) return ok({ agents: [agent], model: undefined });
  const listed = await client.call('model.list', {});
  if (!listed.ok) return listed;
  const { agents = [] } = (listed.value ?? {}) as { readonly agents?: readonly Listed[] };
  if (agents.length < 2) return ok({ agents: [undefined], model: undefined });
  const named = await packageName(source);
  if (!named.ok) return named;
  const model = named.value;
  const matching = agents.filter((one) => one.model?.configured === model || one.model?.active === model);
  if (matching.length > 0) return ok({ agents: matching.map((one) => one.agent), model });
  const there = agents.map((one) => `${one.agent} is for ${one.model?.configured ?? 'another'}`);
  return fail('E_MODEL_UNWANTED', `the package is ${model}; ${there.join(', ')}`);
}

/** Waiting does not help whoever may not ask. */
function isAway({ code, cause }: Failure): boolean {
  const reason = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return code === 'E_AGENT_UNREACHABLE' && reason !== 'EACCES' && reason !== 'EPERM';
}
