import { monitorEventLoopDelay } from 'node:perf_hooks';
import { systemClock } from '../adapters/system-clock.ts';
import type { EdgeAgent } from '../agent/edge-agent.ts';
import { Health } from '../agent/health.ts';
import type { Part } from '../agent/lifecycle.ts';
import type { Counters } from '../agent/metrics.ts';
import { samplesOf } from '../agent/samples.ts';
import { given } from '../domain/errors.ts';
import type { DeviceCounter } from '../domain/metrics.ts';
import type { Route } from '../domain/route.ts';
import type { Bus } from '../ports/bus.ts';
import type { Log } from '../ports/log.ts';
import type { Outbox } from '../ports/outbox.ts';

/** The loop's delay is sampled this often: fine enough to see what an operator would feel, and hardly any work. */
const LOOP_SAMPLE_MS = 20;
const NS_PER_MS = 1e6;

/** Looks at what this process and its parts do. */
export function makeHealth(parts: {
  buses: ReadonlyMap<Route, Bus>;
  outbox: Outbox;
  agents: readonly EdgeAgent[];
  counters: Counters<DeviceCounter>;
}): Health {
  const delay = monitorEventLoopDelay({ resolution: LOOP_SAMPLE_MS });
  delay.enable();
  // What it measures is the time between two samples: of a loop that is never late, LOOP_SAMPLE_MS.
  const late = (ns: number) => Math.max(0, ns / NS_PER_MS - LOOP_SAMPLE_MS);
  return new Health({
    clock: systemClock,
    counters: parts.counters,
    agents: () => parts.agents,
    buses: () => {
      const facts = [...parts.buses].map(([name, { state, lastError }]) => [
        name,
        { state, error: lastError?.message },
      ]);
      return Object.fromEntries(facts);
    },
    outbox: () => parts.outbox.stats(),
    rss: () => process.memoryUsage.rss(),
    loopDelay: {
      read: () => ({
        p50: late(delay.percentile(50)),
        p99: late(delay.percentile(99)),
        max: late(delay.max),
      }),
      reset: () => delay.reset(),
    },
  });
}

/** The health as Prometheus text. Its adapter is loaded only where it is used: it would cost the start 20 ms. */
export function metricsPart(port: number, health: Health, log: Log): Part {
  const monotonic = () => systemClock.monotonic();
  let endpoint: { stop(): Promise<void> } | undefined;
  const start = async () => {
    const { PrometheusEndpoint } = await import('../adapters/prometheus.ts');
    const served = new PrometheusEndpoint({ port, samples: () => samplesOf(health.snapshot()), monotonic });
    endpoint = served;
    const bound = given(await served.start());
    log.info({ url: `http://127.0.0.1:${bound}/metrics` }, 'metrics served');
  };
  return { name: 'metrics', start, stop: () => endpoint?.stop() };
}
