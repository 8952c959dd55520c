import { equal } from 'node:assert/strict';
import type { OutputReference } from '../../../../src/domain/manifest.ts';
import type { Gate, Verdict } from '../../../../src/domain/rollout.ts';
import type { WatchFigures } from '../../../../src/rollout/figures.ts';
import { judgeWatch } from '../../../../src/rollout/verdict/judge-watch.ts';
import { GATES, live, paired, watchFigures } from '../../../fixtures/rollout/figures.ts';

type Row = {
  readonly name: string;
  readonly figures: WatchFigures;
  readonly reference?: OutputReference | undefined;
  readonly elapsedMs?: number;
  readonly verdict: Verdict['verdict'];
  readonly gate?: Gate;
};

const REFERENCE: OutputReference = { shares: [0.5, 0.25, 0.25] };
const OVER = GATES.watch.durationMs;
/** Answers of another world than that of the reference. */
const MOVED = [20, 20, 160];
const asBefore = [100, 50, 50];
const alone = { previous: undefined, paired: undefined };
const answering = (answers: readonly number[], older: readonly number[]) =>
  watchFigures(200, { answers, paired: paired(200, { newer: answers, older }) });
const behind = (answers: readonly number[]) =>
  watchFigures(200, { answers, paired: paired(32, { newer: [3, 3, 26], older: [3, 3, 26] }) });
const alarming = (newerAlarming: number, olderAlarming: number, windows = 200) =>
  watchFigures(windows, { paired: paired(windows, { newerAlarming, olderAlarming }) });
const bad = (windows: number, more: Parameters<typeof live>[1]) =>
  watchFigures(windows, { active: live(windows, more) });

// biome-ignore format: a table is read by its rows
const ROWS: readonly Row[] = [
  { name: 'enough windows and time end the probation', figures: watchFigures(200), elapsedMs: OVER, verdict: 'healthy' },
  { name: 'enough windows without the time do not', figures: watchFigures(500), elapsedMs: OVER - 1, verdict: 'undecided' },
  { name: 'the time without enough windows does not', figures: watchFigures(199), elapsedMs: OVER, verdict: 'undecided' },
  { name: 'where windows are rare, three times the time is enough', figures: watchFigures(20), elapsedMs: 3 * OVER, verdict: 'healthy' },
  { name: 'answers that leave the reference and the previous model are a drift', figures: answering(MOVED, asBefore), verdict: 'unhealthy', gate: 'drift' },
  { name: 'a real change of the world, which the previous model sees too, is none', figures: answering(MOVED, MOVED), elapsedMs: OVER, verdict: 'healthy' },
  { name: 'a model that stays with the reference while the world and the previous one move is believed', figures: answering(asBefore, MOVED), elapsedMs: OVER, verdict: 'healthy' },
  { name: 'while the previous model is behind with its answers, the reference alone decides nothing', figures: behind(MOVED), verdict: 'undecided' },
  { name: 'at the end of the probation it has to', figures: behind(MOVED), elapsedMs: OVER, verdict: 'unhealthy', gate: 'drift' },
  { name: 'without a previous model the reference alone decides', figures: watchFigures(200, { ...alone, answers: MOVED }), verdict: 'unhealthy', gate: 'drift' },
  { name: 'without a reference the previous model alone decides', figures: answering(MOVED, asBefore), reference: undefined, verdict: 'unhealthy', gate: 'drift' },
  { name: 'with neither nothing is called a drift', figures: watchFigures(200, { ...alone, answers: MOVED }), reference: undefined, elapsedMs: OVER, verdict: 'healthy' },
  { name: 'forty windows are no distribution', figures: watchFigures(40, { ...alone, answers: [0, 0, 40] }), verdict: 'undecided' },
  { name: 'a constant answer is a drift', figures: answering([0, 0, 200], asBefore), verdict: 'unhealthy', gate: 'drift' },
  { name: 'five times the alarms of the previous model are too many', figures: alarming(100, 10), verdict: 'unhealthy', gate: 'alarmRate' },
  { name: 'many alarms that the previous model raises too are the world', figures: alarming(150, 140), elapsedMs: OVER, verdict: 'healthy' },
  { name: 'a few alarms where there were none are no jump yet', figures: alarming(3, 0), elapsedMs: OVER, verdict: 'healthy' },
  { name: 'many alarms where there were none are one', figures: alarming(40, 0), verdict: 'unhealthy', gate: 'alarmRate' },
  { name: 'alarms of few windows are none', figures: alarming(20, 0, 40), verdict: 'undecided' },
  { name: 'a crash ends the probation', figures: bad(20, { restarts: 1 }), verdict: 'unhealthy', gate: 'crashes' },
  { name: 'failed windows end the probation once they prove a rate', figures: bad(200, { failed: 10 }), verdict: 'unhealthy', gate: 'errors' },
  { name: 'two failed windows of two hundred do not', figures: bad(200, { failed: 2 }), elapsedMs: OVER, verdict: 'healthy' },
  { name: 'a NaN ends the probation', figures: bad(20, { nonFinite: 1 }), verdict: 'unhealthy', gate: 'finite' },
  { name: 'a leak ends the probation', figures: bad(20, { peakBytes: 300e6 }), verdict: 'unhealthy', gate: 'memory' },
  { name: 'a model that became slow ends the probation', figures: bad(200, { latencyP99Ms: 50 }), verdict: 'unhealthy', gate: 'latency' },
];

describe('The verdict of a probation', () => {
  for (const { name, figures, elapsedMs, verdict, gate, ...row } of ROWS) {
    it(name, () => {
      const reference = 'reference' in row ? row.reference : REFERENCE;
      const judged = judgeWatch(figures, reference, GATES, elapsedMs ?? 1000);
      equal(judged.verdict, verdict, JSON.stringify(judged));
      if (judged.verdict === 'unhealthy') equal(judged.gate, gate);
    });
  }
});
