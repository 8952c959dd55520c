import { join } from 'node:path';
import type { Bench } from './agents.ts';
import { runAhead } from './children.ts';
import { startMosquitto } from './mosquitto.ts';
import { alternate, medianOf } from './stats.ts';
import { agentLife, type Gaps, naiveLife } from './swap/lives.ts';
import { writeSwapPackages } from './swap/packages.ts';
import type { UnderLoad } from './swap/under-load.ts';
import { silence } from './swap/witness.ts';

/** What a new model costs the readings that keep coming, and how fast the old one comes back. */
export async function swap(bench: Bench, mosquitto: string) {
  if (!runAhead()) bench.say('the load generator has no priority over the agent: its own delays count as gaps');
  const packages = await writeSwapPackages(join(bench.folder, 'swap'), bench.pace.swap);
  const broker = await startMosquitto(bench, mosquitto);
  try {
    const { naive, agent } = await alternate(bench.runs, {
      naive: () => naiveLife(bench, broker.port, packages),
      agent: () => agentLife(bench, broker.port, packages),
    });
    tell(bench, 'naive', naive);
    tell(bench, 'agent', agent);
    const warmRollbackMs = medianOf(agent, ({ found }) => found.warmRollbackMs);
    const coldRollbackMs = medianOf(agent, ({ found }) => found.coldRollbackMs);
    const lost = agent.reduce((total, run) => total + run.lost.length, 0);
    return { gapRatio: ratio(agent), naiveGapRatio: ratio(naive), warmRollbackMs, coldRollbackMs, lost };
  } finally {
    await broker.stop();
  }
}

/** The longest gap of a run with a swap, against the p99 gap of the same agent without one. */
function ratio(runs: readonly UnderLoad<Gaps>[]): number {
  return medianOf(runs, ({ found }) => found.swapLongest.ms) / medianOf(runs, ({ found }) => found.calmP99Ms);
}

/** How many, and when the first and the last of them were sent. */
function spans(lost: readonly number[], sentMs: Float64Array): string {
  const at = (index: number | undefined) => `${Math.round(sentMs[index ?? 0] ?? 0)} ms`;
  return lost.length === 0 ? '0' : `${lost.length} (sent from ${at(lost[0])} to ${at(lost.at(-1))})`;
}

function tell(bench: Bench, name: string, runs: readonly UnderLoad<Gaps>[]): void {
  const ms = (figure: (gaps: Gaps) => number) => `${medianOf(runs, ({ found }) => figure(found)).toFixed(2)} ms`;
  const worst = runs.map(({ found: { swapLongest, longestIn = 'loading' }, sentMs }) => {
    const silent = silence(sentMs, swapLongest).toFixed(1);
    return `${swapLongest.ms.toFixed(1)} ms in ${longestIn} (nothing sent for ${silent} ms)`;
  });
  const figures = [
    `calm gap p99 ${ms((gaps) => gaps.calmP99Ms)}, longest ${ms((gaps) => gaps.calmLongestMs)}`,
    `swap gap p99 ${ms((gaps) => gaps.swapP99Ms)}, longest ${ms((gaps) => gaps.swapLongest.ms)}`,
    `swap took ${ms((gaps) => gaps.swapTookMs)}`,
    `longest each run ${worst.join(', ')}`,
    `lost ${runs.map(({ lost, sentMs }) => spans(lost, sentMs)).join(', ')}`,
    `answered twice ${runs.reduce((total, run) => total + run.doubled, 0)}`,
  ];
  bench.say(`swap under 1,000/s, ${name}: ${figures.join('; ')}`);
}
