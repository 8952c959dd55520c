import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ErrorCode, Result } from '../domain/errors.ts';
import type { ControlAnswer } from '../ports/control-server.ts';
import { ControlClient } from './control-client.ts';
import { type Io, printProgress } from './io.ts';
import type { Verdict } from './model-verdict.ts';

/** As often as it looks how the rollout is. */
const LOOK_EVERY_MS = 250;
/** A device that restarts in the middle of a rollout is back within this, or somebody has to look after it. */
const RECONNECT_TRIES = 120;
const RECONNECT_EVERY_MS = 1_000;
/** The agent gives up a rollout over which it goes down again and again: this is more than it ever takes. */
const MAX_RESTARTS = 100;

/** The agent stopped, and goes on with the rollout when it is back. */
const AWAY: ReadonlySet<ErrorCode> = new Set(['E_AGENT_UNREACHABLE', 'E_ROLLOUT_INTERRUPTED']);

/** What is asked of the running agent. */
export type ModelChange = {
  readonly verb: 'model.rollout' | 'model.rollback';
  readonly args: { readonly agent: string | undefined; readonly source?: string; readonly force?: boolean };
  /** Until the end; else until the agent has taken it up, and it survives a power cut. */
  readonly wait: boolean;
};

type Fields = Readonly<Record<string, unknown>>;

type Asked = ModelChange & { readonly id: string; readonly path: string; readonly io: Io };

/** Has the running agent change a model. Undefined: whoever waited for it was told to wait no more. */
export async function changeModel(path: string, change: ModelChange, io: Io): Promise<Verdict | undefined> {
  const asked = { ...change, path, io, id: `cli-${randomUUID()}` };
  try {
    return { id: asked.id, agent: change.args.agent, answer: await ask(asked) };
  } catch (thrown) {
    if (!io.signal.aborted) throw thrown;
    printProgress(io, 'nobody waits for it any more; what was begun goes on in the agent');
    return undefined;
  }
}

/** Asks; where the agent goes away, asks again with the same id: that joins the rollout, which goes on after its start. */
async function ask(asked: Asked): Promise<ControlAnswer> {
  const { path, verb, wait, io } = asked;
  let connected = await ControlClient.connect(path);
  for (let restarts = 0; ; restarts++) {
    if (!connected.ok) return connected;
    const answer = await askOnce(connected.value, asked);
    if (answer.ok || !AWAY.has(answer.error.code)) return answer;
    if (verb !== 'model.rollout' || !wait || restarts === MAX_RESTARTS) return answer;
    printProgress(io, 'the agent went away: waiting for it');
    connected = await reconnect(asked);
  }
}

async function reconnect({ path, io }: Asked): Promise<Result<ControlClient>> {
  for (let tries = 1; ; tries++) {
    await pause(RECONNECT_EVERY_MS, undefined, { signal: io.signal });
    const connected = await ControlClient.connect(path);
    if (connected.ok || tries === RECONNECT_TRIES) return connected;
  }
}

/** One connection: asks, and looks now and then how it goes. */
async function askOnce(client: ControlClient, asked: Asked): Promise<ControlAnswer> {
  const { verb, args, id, wait, io } = asked;
  let answer: ControlAnswer | undefined;
  const answered = client.call(verb, args, id).then((value) => {
    answer = value;
  });
  try {
    for (let told = ''; answer === undefined; ) {
      const slot = await look(client, asked);
      if (slot !== undefined && !wait) return { ok: true, value: slot };
      const now = slot === undefined || answer !== undefined ? '' : progress(slot, id);
      if (now !== '' && now !== told) printProgress(io, now);
      told = now;
      await Promise.race([answered, pause(LOOK_EVERY_MS, undefined, { signal: io.signal })]);
    }
    return answer;
  } finally {
    client.close();
  }
}

/** The slot that has taken up what was asked for; undefined while none has. */
async function look(client: ControlClient, { verb, args, id }: Asked): Promise<Fields | undefined> {
  const { agent } = args;
  const listed = await client.call('model.list', agent === undefined ? {} : { agent });
  if (!listed.ok) return undefined;
  const { agents } = (listed.value ?? {}) as { agents?: readonly Fields[] };
  const isOurs = ({ requestId, queuedId, lastId, state }: Fields) =>
    [requestId, queuedId, lastId].includes(id) || (verb === 'model.rollback' && state === 'rollingBack');
  return agents?.find(isOurs);
}

function progress({ agent, state, candidate, queuedId }: Fields, id: string): string {
  if (queuedId === id) return `${agent}: waits for the end of the rollout under way`;
  return `${agent}: ${state}${typeof candidate === 'string' ? ` ${candidate}` : ''}`;
}
