import { join } from 'node:path';
import { EdgeError } from '../../src/domain/errors.ts';
import { openPackage } from '../../src/package/load.ts';
import { type Sent, windowsDueByKey } from '../../src/sim/publisher.ts';
import type { Observer } from './observer.ts';
import { CHAPTERS, type Story } from './story.ts';

const BYTES_PER_MB = 1e6;
/** The release that should answer at the end. */
const BEST = '1.1.0';

/** What the demo reads of the reply to `diagnose`. */
export type Diagnosis = {
  readonly device: { readonly rssBytes: number };
  readonly agents: readonly {
    readonly model?: { readonly version: string };
    readonly runner: { readonly rssBytes: number };
    readonly metrics: {
      readonly counts: Readonly<
        Record<'readings' | 'windows' | 'inferences' | 'results' | 'alarmsRaised' | 'alarmsCleared', number>
      >;
      readonly latencyMs: { readonly p50: number; readonly p99: number };
    };
  }[];
};

type Seen = {
  readonly sent: Sent;
  readonly observer: Observer;
  readonly story: Story;
  readonly diagnosis: Diagnosis;
  readonly exitCode: number | undefined;
};

export type Judgement = Awaited<ReturnType<typeof judge>>;

/** Holds what was seen against what was sent, and against how the rollouts should end. */
export async function judge({ sent, observer, story, diagnosis, exitCode }: Seen) {
  const [agent] = diagnosis.agents;
  if (agent === undefined) throw new Error('the agent told nothing of itself');
  const { counts, latencyMs } = agent.metrics;
  const unanswered = [...(await dueByKey(sent))].map(([key, due]) => Math.max(0, due - observer.of(key).results.size));
  const undelivered = Math.max(0, counts.alarmsRaised + counts.alarmsCleared - observer.alarmIds.size);
  const lost = sum(unanswered) + undelivered;
  const alarms = sent.sensors.filter(({ key }) => observer.of(key).alarmed).map(({ key }) => key);
  const failing = sent.sensors.filter(({ fault }) => fault !== 'none').map(({ key }) => key);
  const rightAlarms = alarms.join() === failing.join();
  const active = agent.model?.version;
  const asTold = CHAPTERS.every(({ outcome }, index) => story.told[index]?.outcome === outcome);
  const rightRollouts = asTold && active === BEST;
  return {
    ok: lost === 0 && rightAlarms && rightRollouts && sent.missed === 0 && exitCode === 0,
    readings: counts.readings,
    windows: counts.windows,
    inferences: counts.inferences,
    results: observer.results,
    alarms,
    lost,
    rollouts: story.told,
    active,
    usualGapMs: story.usualGapMs,
    p50Ms: latencyMs.p50,
    p99Ms: latencyMs.p99,
    rssMb: Math.round((diagnosis.device.rssBytes + agent.runner.rssBytes) / BYTES_PER_MB),
  };
}

/** How many windows each sensor should have got an answer to. */
export async function dueByKey(sent: Sent): Promise<ReadonlyMap<string, number>> {
  const shipped = await openPackage(join(import.meta.dirname, '../../artifacts/bearing-fault'));
  if (!shipped.ok) throw new EdgeError(shipped.error);
  const { window, hop } = shipped.value.manifest.input;
  return windowsDueByKey(sent, window, hop);
}

export function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}
