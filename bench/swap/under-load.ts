import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from '../agents.ts';
import type { Child } from '../children.ts';
import { Receiver } from '../receiver.ts';
import type { Schedule } from '../schedule.ts';
import { startSender } from '../start-sender.ts';
import { Operator } from './operator.ts';
import { Witness } from './witness.ts';

const RATE = 1_000;
/** Of the load at most: whatever is measured must be over by then. */
const LONGEST_MS = 30_000;
const LAST_ANSWERS_MS = 1_000;
const POLL_MS = 20;

export type Scene = { readonly operator: Operator; readonly witness: Witness };

export type UnderLoad<T> = {
  readonly found: T;
  readonly lost: number;
  readonly doubled: number;
  readonly senderLatenessP99Us: number;
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
  const schedule: Schedule = { rate: RATE, count: (LONGEST_MS * RATE) / 1000, startMs: Date.now() };
  const sender = startSender({ port, schedule });
  try {
    const { startNs } = await sender.next('starting');
    const witness = new Witness(receiver, schedule, startNs);
    await sleep(bench.pace.warmupMs);
    const found = await work({ operator, witness });
    if (witness.nowMs() > LONGEST_MS) throw new Error(`the load ended before the measurement, after ${LONGEST_MS} ms`);
    sender.end();
    const { sent, latenessP99Us } = await sender.next('sent');
    const deadline = witness.nowMs() + LAST_ANSWERS_MS;
    while (witness.lost(sent) > 0 && witness.nowMs() < deadline) await sleep(POLL_MS);
    return { found, lost: witness.lost(sent), doubled: witness.doubled(), senderLatenessP99Us: latenessP99Us };
  } finally {
    await sender.stop();
  }
}
