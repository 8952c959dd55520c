import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../agents.ts';
import type { Child } from '../children.ts';
import { Receiver } from '../receiver.ts';
import type { Schedule } from '../schedule.ts';
import { startSender } from '../start-sender.ts';
import { Operator } from './operator.ts';
import { Witness } from './witness.ts';

const RATE = 1_000;
/** The last answers may take a while on a busy machine; what is not answered by then never is. */
const LAST_ANSWERS_MS = 10_000;
const POLL_MS = 20;

export type Scene = { readonly operator: Operator; readonly witness: Witness };

export type UnderLoad<T> = {
  readonly found: T;
  /** Numbers of the messages that were never answered. */
  readonly lost: readonly number[];
  readonly doubled: number;
  /** When each message was sent, milliseconds after the first was due. */
  readonly sentMs: Float64Array;
};

/** Starts an agent, sends it 1,000 messages a second, and does `work` once it is warm. */
export async function underLoad<T>(
  bench: Bench,
  port: number,
  start: () => Child,
  work: (scene: Scene, agent: Child) => Promise<T>,
): Promise<UnderLoad<T>> {
  const receiver = await Receiver.open(port);
  const operator = await Operator.open(port);
  const agent = start();
  try {
    await bench.children.during(agent, receiver.untilAnswering());
    return await bench.children.during(
      agent,
      loaded(bench, port, receiver, operator, (scene) => work(scene, agent)),
    );
  } finally {
    receiver.close();
    operator.close();
    await bench.children.stop(agent);
  }
}

async function loaded<T>(
  bench: Bench,
  port: number,
  receiver: Receiver,
  operator: Operator,
  work: (scene: Scene) => Promise<T>,
): Promise<UnderLoad<T>> {
  const { loadMs } = bench.pace.swap;
  const schedule: Schedule = { rate: RATE, count: (loadMs * RATE) / 1000, startMs: Date.now() };
  const sender = startSender({ port, schedule });
  try {
    const { startNs } = await sender.next('starting');
    const witness = new Witness(receiver, schedule, startNs);
    await sleep(bench.pace.warmupMs);
    const found = await work({ operator, witness });
    if (witness.nowMs() > loadMs) throw new Error(`the load ended before the measurement, after ${loadMs} ms`);
    sender.end();
    const { sentMs } = await sender.next('sent');
    const sent = sentMs.length;
    const deadline = witness.nowMs() + LAST_ANSWERS_MS;
    while (witness.lost(sent).length > 0 && witness.nowMs() < deadline) await sleep(POLL_MS);
    return { found, lost: witness.lost(sent), doubled: witness.doubled(), sentMs };
  } finally {
    await sender.stop();
  }
}
