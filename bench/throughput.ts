import { on } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type AgentKind, type Bench, formatOf, startAgent } from './agents.ts';
import type { Child } from './children.ts';
import type { FloodPlan, FloodReport } from './flood-broker.ts';
import { cpuMs } from './proc.ts';
import { alternate, medianOf, spread } from './stats.ts';

export type FloodResult = {
  readonly perSecond: number;
  /** CPU time of the agent, its runner included. */
  readonly cpuUsPerMessage: number;
  readonly lost: number;
};

/** Enough that no agent ever waits for the feeder, and just as many as the agent's queue holds by default. */
const IN_FLIGHT = 1_000;
const MANY_TOPICS = 1_000;
const FLOOD_BROKER = fileURLToPath(new URL('flood-broker.ts', import.meta.url));

/** The agent alone: as many messages as it takes, from a broker that costs nothing. */
export async function throughput(bench: Bench) {
  const results = await alternate(bench.runs, {
    naive: () => flood(bench, 'naive'),
    inline: () => flood(bench, 'inline'),
    process: () => flood(bench, 'process'),
    binary: () => flood(bench, 'binary'),
    manyTopics: () => flood(bench, 'inline', MANY_TOPICS),
    feeder: () => flood(bench, 'null'),
  });
  const perSecond = (name: keyof typeof results) => medianOf(results[name], (run) => run.perSecond);
  for (const [name, runs] of Object.entries(results)) {
    const rates = runs.map((run) => run.perSecond);
    const figures = [
      `${Math.round(medianOf(runs, (run) => run.perSecond))} msg/s`,
      `${medianOf(runs, (run) => run.cpuUsPerMessage).toFixed(1)} us CPU a message`,
      `spread ${Math.round(spread(rates) * 100)} %`,
      `lost ${Math.max(...runs.map((run) => run.lost))}`,
    ];
    bench.say(`throughput ${name}: ${figures.join(', ')}`);
  }
  return {
    inlineVsNaive: perSecond('inline') / perSecond('naive'),
    processVsNaive: perSecond('process') / perSecond('naive'),
    binaryVsNaive: perSecond('binary') / perSecond('naive'),
    topics1000Vs1: perSecond('manyTopics') / perSecond('inline'),
  };
}

async function flood(bench: Bench, kind: AgentKind, topics = 1): Promise<FloodResult> {
  const plan: FloodPlan = {
    format: formatOf(kind),
    topics,
    inFlight: IN_FLIGHT,
    warmupMs: bench.pace.warmupMs,
    measureMs: bench.pace.measureMs,
  };
  return withFlood(bench, kind, plan, async (agent, next) => {
    await next('measuring');
    const cpuBefore = cpuMs(agent.pid);
    // The drain after the measurement is not in `answered`, but hardly in the CPU time either: `measured` comes first.
    await next('measured');
    const cpu = cpuMs(agent.pid) - cpuBefore;
    const { perSecond, answered, lost } = await next('done');
    return { perSecond, cpuUsPerMessage: (cpu * 1000) / answered, lost };
  });
}

type ReportOf<K extends FloodReport['kind']> = Extract<FloodReport, { kind: K }>;
export type NextReport = <K extends FloodReport['kind']>(kind: K) => Promise<ReportOf<K>>;

/** Starts a flooding broker and an agent on it, does `work` while the broker reports, and ends both. */
export async function withFlood<T>(
  bench: Bench,
  kind: AgentKind,
  plan: FloodPlan,
  work: (agent: Child, next: NextReport) => Promise<T>,
): Promise<T> {
  const broker = bench.children.start(process.execPath, [FLOOD_BROKER, JSON.stringify(plan)], true);
  try {
    const next = reader(bench, broker);
    const { port } = await next('listening');
    const agent = startAgent(bench, kind, port);
    try {
      return await bench.children.during(agent, work(agent, next));
    } finally {
      await bench.children.stop(agent);
    }
  } finally {
    await bench.children.stop(broker);
  }
}

/** Waits for the report of this kind, over those before it that nobody asked for. */
function reader(bench: Bench, broker: Child): NextReport {
  const reports: AsyncIterator<FloodReport[]> = on(broker.process, 'message');
  const until = async <K extends FloodReport['kind']>(kind: K): Promise<ReportOf<K>> => {
    for (;;) {
      // `for await` would close the stream of reports with the first one that is returned.
      const [report] = (await reports.next()).value;
      if (report.kind === 'stalled') throw new Error(`no more answers: ${JSON.stringify(report)}`);
      if (report.kind === kind) return report as ReportOf<K>;
    }
  };
  return (kind) => bench.children.during(broker, until(kind));
}
