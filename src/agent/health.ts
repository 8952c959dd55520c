import type { DeviceCounter } from '../domain/metrics.ts';
import type { Route } from '../domain/route.ts';
import type { BusState } from '../ports/bus.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { OutboxStats } from '../ports/outbox.ts';
import type { PipelineStatus } from './commands/controls.ts';
import { judge, type Verdict } from './health-rules.ts';
import type { Counters, Counts, Metrics } from './metrics.ts';

/** Milliseconds, over the interval that runs. */
export type LoopDelay = { readonly p50: number; readonly p99: number; readonly max: number };

export type BusFacts = { readonly state: BusState; readonly error: string | undefined };

export type DeviceFacts = {
  readonly nowMs: number;
  readonly uptimeMs: number;
  readonly rssBytes: number;
  readonly loopDelayMs: LoopDelay;
  /** Every bus of the device by its name. */
  readonly buses: Readonly<Partial<Record<Route, BusFacts>>>;
  readonly outbox: OutboxStats;
  /** Messages dropped by the outbox in the last one to two intervals. */
  readonly outboxDroppedRecently: number;
  readonly counts: Counts<DeviceCounter>;
  readonly agents: readonly PipelineStatus[];
};

export type HealthSnapshot = DeviceFacts & {
  readonly verdict: Verdict;
  /** Why the verdict is not `healthy`, the worst first. */
  readonly reasons: readonly string[];
};

/** "Recently" means within the last one to two of these. */
export const INTERVAL_MS = 60_000;

export type HealthDependencies = {
  readonly clock: Clock;
  readonly counters: Counters<DeviceCounter>;
  /** Every agent with what it counts. */
  readonly agents: () => Iterable<{ readonly metrics: Metrics; status(): PipelineStatus }>;
  readonly buses: () => DeviceFacts['buses'];
  readonly outbox: () => OutboxStats;
  /** Resident memory of this process, bytes. */
  readonly rss: () => number;
  /** From perf_hooks; starts anew with each interval. */
  readonly loopDelay: { read(): LoopDelay; reset(): void };
};

/** Looks at everything that tells how this device is. Its only timer ends the intervals of what counts as recent. */
export class Health {
  readonly #from: HealthDependencies;
  #startedMs = 0;
  #cancel: Cancel | undefined;
  /** Outbox drops at the start of the last interval, and of the one that runs. */
  #dropMarks: readonly [number, number] = [0, 0];

  constructor(dependencies: HealthDependencies) {
    this.#from = dependencies;
  }

  start(): void {
    this.#startedMs = this.#from.clock.monotonic();
    const dropped = totalDropped(this.#from.outbox());
    this.#dropMarks = [dropped, dropped];
    this.#cancel = this.#from.clock.every(INTERVAL_MS, () => this.#rotate());
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  snapshot(): HealthSnapshot {
    const { clock, counters, rss, loopDelay, buses, outbox, agents } = this.#from;
    const outboxStats = outbox();
    const facts: DeviceFacts = {
      nowMs: clock.now(),
      uptimeMs: Math.round(clock.monotonic() - this.#startedMs),
      rssBytes: rss(),
      loopDelayMs: loopDelay.read(),
      buses: buses(),
      outbox: outboxStats,
      outboxDroppedRecently: totalDropped(outboxStats) - this.#dropMarks[0],
      counts: counters.snapshot(),
      agents: [...agents()].map((agent) => agent.status()),
    };
    return { ...facts, ...judge(facts) };
  }

  #rotate(): void {
    for (const { metrics } of this.#from.agents()) metrics.rotate();
    this.#dropMarks = [this.#dropMarks[1], totalDropped(this.#from.outbox())];
    this.#from.loopDelay.reset();
  }
}

export function totalDropped(outbox: OutboxStats): number {
  return Object.values(outbox.dropped).reduce((total, count) => total + count, 0);
}
