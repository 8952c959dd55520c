import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentKind, type Bench, startAgent } from './agents.ts';
import type { Child } from './children.ts';
import { type Broker, startMosquitto } from './mosquitto.ts';
import { cpuMs, rssMb } from './proc.ts';
import { Receiver } from './receiver.ts';
import { dueMs, type Schedule } from './schedule.ts';
import { startSender } from './start-sender.ts';
import { alternate, medianOf } from './stats.ts';

type LoadResult = {
  readonly p50Us: number;
  readonly p99Us: number;
  /** Of the agent, its runner included. */
  readonly cpuUsPerMessage: number;
  readonly rssMb: number;
  readonly lost: number;
  readonly senderLatenessP99Us: number;
};

const CALM_RATE = 1_000;
const BUSY_RATE = 5_000;
/** A p99 needs more messages than a rate does: 1 % of them must still be some dozens. */
const STRETCH = 2;
const LAST_ANSWERS_MS = 500;
const POLL_MS = 20;

/** Through a real broker at a fixed rate: how long an answer takes, what it costs, and the memory it takes. */
export async function throughBroker(bench: Bench, mosquitto: string) {
  const broker = await startMosquitto(bench, mosquitto);
  try {
    const calm = await compare(bench, broker, CALM_RATE);
    const busy = await compare(bench, broker, BUSY_RATE);
    const ratio = (runs: typeof calm, figure: (run: LoadResult) => number) =>
      medianOf(runs.process, figure) / medianOf(runs.naive, figure);
    return {
      p50VsNaiveAt1k: ratio(calm, (run) => run.p50Us),
      p99VsNaiveAt1k: ratio(calm, (run) => run.p99Us),
      cpuVsNaiveAt5k: ratio(busy, (run) => run.cpuUsPerMessage),
      rssMb: medianOf(busy.process, (run) => run.rssMb),
    };
  } finally {
    await broker.stop();
  }
}

async function compare(bench: Bench, broker: Broker, rate: number) {
  const results = await alternate(bench.runs, {
    naive: () => load(bench, broker, 'naive', rate),
    process: () => load(bench, broker, 'process', rate),
  });
  for (const [name, runs] of Object.entries(results)) {
    const figures = [
      `p50 ${medianOf(runs, (run) => run.p50Us)} us`,
      `p99 ${medianOf(runs, (run) => run.p99Us)} us`,
      `${medianOf(runs, (run) => run.cpuUsPerMessage).toFixed(1)} us CPU a message`,
      `RSS ${Math.round(medianOf(runs, (run) => run.rssMb))} MB`,
      `lost ${Math.max(...runs.map((run) => run.lost))}`,
      `sender late p99 ${medianOf(runs, (run) => run.senderLatenessP99Us)} us`,
    ];
    bench.say(`through mosquitto at ${rate}/s, ${name}: ${figures.join(', ')}`);
  }
  return results;
}

async function load(bench: Bench, broker: Broker, kind: AgentKind, rate: number): Promise<LoadResult> {
  const receiver = await Receiver.open(broker.port);
  const agent = startAgent(bench, kind, broker.port);
  try {
    await bench.children.during(agent, receiver.untilAnswering());
    return await bench.children.during(agent, run(bench, broker, receiver, agent, rate));
  } finally {
    receiver.close();
    await bench.children.stop(agent);
  }
}

async function run(bench: Bench, broker: Broker, receiver: Receiver, agent: Child, rate: number): Promise<LoadResult> {
  const skip = (bench.pace.warmupMs * rate) / 1000;
  const count = skip + (bench.pace.measureMs * STRETCH * rate) / 1000;
  const schedule: Schedule = { rate, count, startMs: Date.now() };
  const sender = startSender({ port: broker.port, schedule });
  try {
    const { startNs } = await sender.next('starting');
    const record = receiver.record(schedule, startNs, skip);
    const untilDue = (index: number) =>
      sleep(Math.max(0, dueMs(schedule, index) - Number(process.hrtime.bigint() - startNs) / 1e6));

    await untilDue(skip);
    const cpuBefore = cpuMs(agent.pid);
    await untilDue(count);
    const cpu = cpuMs(agent.pid) - cpuBefore;
    const memory = rssMb(agent.pid);
    const { latenessP99Us } = await sender.next('sent');
    await until(() => record.lost === 0, LAST_ANSWERS_MS);
    return {
      p50Us: record.percentileUs(50),
      p99Us: record.percentileUs(99),
      cpuUsPerMessage: (cpu * 1000) / (count - skip),
      rssMb: memory,
      lost: record.lost,
      senderLatenessP99Us: latenessP99Us,
    };
  } finally {
    await sender.stop();
  }
}

async function until(happened: () => boolean, deadlineMs: number): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!happened() && performance.now() < end) await sleep(POLL_MS);
}
