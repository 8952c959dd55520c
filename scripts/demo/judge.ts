import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { given } from '../../src/domain/errors.ts';
import { openPackage } from '../../src/package/load.ts';
import { type Sent, windowsDueByKey } from '../../src/sim/publisher.ts';
import type { Observer } from './observer.ts';
import { CHAPTERS, type Story } from './story.ts';

const BYTES_PER_MB = 1e6;
/** The last answers are milliseconds behind the last readings; an alarm waits for the disk besides. */
const SETTLE_DEADLINE_MS = 3_000;
const POLL_MS = 50;
/** The release that should answer at the end. */
export const BEST = '1.1.0';

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

type SeenAtWork = { readonly sent: Sent; readonly observer: Observer; readonly diagnosis: Diagnosis };
type Seen = SeenAtWork & { readonly story: Story; readonly exitCode: number | undefined };

export type Judgement = Awaited<ReturnType<typeof judge>>;

/** Waits until nothing is missing any more, or for as long as is fair. */
export async function settle(observer: Observer, sent: Sent): Promise<void> {
  const deadline = Date.now() + SETTLE_DEADLINE_MS;
  const due = sum((await dueByKey(sent)).values());
  while (Date.now() < deadline && observer.results < due) await wait(POLL_MS);
}

/** Holds what was seen against what was sent, and against how the rollouts should end. */
export async function judge({ story, exitCode, ...seen }: Seen) {
  const { right, ...work } = await judgeWork(seen);
  const asTold = CHAPTERS.every(({ outcome }, index) => story.told[index]?.outcome === outcome);
  const active = activeModel(seen.diagnosis);
  return {
    ok: right && asTold && active === BEST && exitCode === 0,
    ...work,
    rollouts: story.told,
    active,
    usualGapMs: story.usualGapMs,
  };
}

/** Whether every reading was answered, every alarm delivered, and those in alarm are those that fail. */
export async function judgeWork({ sent, observer, diagnosis }: SeenAtWork) {
  const [agent] = diagnosis.agents;
  if (agent === undefined) throw new Error('the agent told nothing of itself');
  const { counts, latencyMs } = agent.metrics;
  const unanswered = [...(await dueByKey(sent))].map(([key, due]) => Math.max(0, due - observer.of(key).results.size));
  const undelivered = Math.max(0, counts.alarmsRaised + counts.alarmsCleared - observer.alarmIds.size);
  const lost = sum(unanswered) + undelivered;
  const alarms = sent.sensors.filter(({ key }) => observer.of(key).alarmed).map(({ key }) => key);
  const failing = sent.sensors.filter(({ fault }) => fault !== 'none').map(({ key }) => key);
  return {
    right: lost === 0 && alarms.join() === failing.join() && sent.missed === 0,
    readings: counts.readings,
    windows: counts.windows,
    inferences: counts.inferences,
    results: observer.results,
    alarms,
    lost,
    p50Ms: latencyMs.p50,
    p99Ms: latencyMs.p99,
    rssMb: Math.round((diagnosis.device.rssBytes + agent.runner.rssBytes) / BYTES_PER_MB),
  };
}

/** The version that answers. */
export function activeModel({ agents }: Diagnosis): string | undefined {
  return agents[0]?.model?.version;
}

/** How many windows each sensor should have got an answer to. */
async function dueByKey(sent: Sent): Promise<ReadonlyMap<string, number>> {
  const shipped = given(await openPackage(join(import.meta.dirname, '../../artifacts/bearing-fault')));
  const { window, hop } = shipped.manifest.input;
  return windowsDueByKey(sent, window, hop);
}

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}
