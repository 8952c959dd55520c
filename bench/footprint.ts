import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentKind, type Bench, startAgent } from './agents.ts';
import type { FloodPlan } from './flood-broker.ts';
import { type Broker, startMosquitto } from './mosquitto.ts';
import { cpuMs } from './proc.ts';
import { Receiver } from './receiver.ts';
import { alternate, median } from './stats.ts';
import { withFlood } from './throughput.ts';

/** One message at a time, for a while that outlasts the measurement: only the first answer is of interest. */
const TRICKLE: FloodPlan = { format: 'json', topics: 1, inFlight: 1, warmupMs: 60_000, measureMs: 0 };

/** From the start of the process, through connection and subscription, to the first answer. */
export async function startUp(bench: Bench) {
  const untilFirstAnswer = (kind: AgentKind) =>
    withFlood(bench, kind, TRICKLE, async (agent, next) => {
      await next('first-answer');
      return performance.now() - agent.startedAt;
    });
  const results = await alternate(bench.runs, {
    naive: () => untilFirstAnswer('naive'),
    process: () => untilFirstAnswer('process'),
  });
  bench.say(`start: naive ${Math.round(median(results.naive))} ms, agent ${Math.round(median(results.process))} ms`);
  return { startMs: median(results.process) };
}

/** What an agent costs that has its model loaded and hears nothing. */
export async function idle(bench: Bench, mosquitto: string) {
  const broker = await startMosquitto(bench, mosquitto);
  try {
    const naive = await idleCpu(bench, broker, 'naive', 1);
    const agent = await idleCpu(bench, broker, 'process', bench.runs);
    bench.say(`idle: naive ${naive.toFixed(2)} % CPU, agent ${agent.toFixed(2)} % CPU`);
    return { idleCpuPct: agent };
  } finally {
    await broker.stop();
  }
}

async function idleCpu(bench: Bench, broker: Broker, kind: AgentKind, windows: number): Promise<number> {
  const { settleMs, idleMs } = bench.pace;
  const receiver = await Receiver.open(broker.port);
  const agent = startAgent(bench, kind, broker.port);
  try {
    await bench.children.during(agent, receiver.untilAnswering());
    await bench.children.during(agent, sleep(settleMs));
    const percents: number[] = [];
    while (percents.length < windows) {
      const before = cpuMs(agent.pid);
      await bench.children.during(agent, sleep(idleMs));
      percents.push(((cpuMs(agent.pid) - before) / idleMs) * 100);
    }
    return median(percents);
  } finally {
    receiver.close();
    await bench.children.stop(agent);
  }
}
