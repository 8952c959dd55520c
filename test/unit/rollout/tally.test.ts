import { deepEqual, equal, ok } from 'node:assert/strict';
import type { ModelOutput } from '../../../src/domain/manifest.ts';
import { AnswerTally, PairTally } from '../../../src/rollout/tally.ts';
import { judgeCanary } from '../../../src/rollout/verdict/judge-canary.ts';
import { judgeWatch } from '../../../src/rollout/verdict/judge-watch.ts';
import { type Random, seeded } from '../../../src/sim/random.ts';
import { canaryFigures, GATES, watchFigures } from '../../fixtures/rollout/figures.ts';

const OUTPUT: ModelOutput = {
  name: 'scores',
  labels: ['healthy', 'ball', 'inner', 'outer'],
  reference: { shares: [0.4, 0.2, 0.2, 0.2] },
};
const LIFE: ModelOutput = {
  name: 'rul',
  labels: ['rul'],
  reference: { edges: [25, 50, 75, 100], shares: [0.2, 0.2, 0.2, 0.2, 0.2] },
};
const WINDOWS = 300;

/** A model: scores from the true class of a window, and a little luck. */
type Model = (truth: number, random: Random, window: number) => number;
const good: Model = (truth, random) => (random.uniform() < 0.95 ? truth : 0);
const better: Model = (truth) => truth;
const permuted: Model = (truth, random, window) => (good(truth, random, window) + 1) % 4;
const constant: Model = () => 0;
const drifting: Model = (truth, _random, window) => (window > WINDOWS / 4 ? 3 : truth);

describe('Models of which every window is compared', () => {
  const classes = (random: Random) => [0, 0, 1, 2, 3][Math.floor(random.uniform() * 5)] as number;
  const worn = (random: Random) => (random.uniform() < 0.9 ? 3 : 0);
  const rows: [string, Model, Model, (random: Random) => number, string, string][] = [
    ['a better one passes both', better, good, classes, 'healthy', 'healthy'],
    ['one with permuted labels is caught by the canary', permuted, good, classes, 'unhealthy', 'unhealthy'],
    ['one with a constant answer is caught by both', constant, good, classes, 'unhealthy', 'unhealthy'],
    ['one that drifts is caught while watched', drifting, good, classes, 'unhealthy', 'unhealthy'],
    ['a good one whose bearings wear out passes both', better, good, worn, 'healthy', 'healthy'],
  ];
  for (const [name, newer, older, world, canary, watch] of rows) {
    it(name, () => {
      const { pair, answers } = compare(newer, older, world);
      const figures = canaryFigures(WINDOWS, { paired: pair });
      equal(judgeCanary(figures, 'classification', GATES, 1000).verdict.verdict, canary);
      const watched = watchFigures(WINDOWS, { paired: pair, answers });
      equal(judgeWatch(watched, OUTPUT.reference, GATES, GATES.watch.durationMs).verdict, watch);
    });
  }

  it('lets a slow drift through the canary, and catches it in the watch', () => {
    const late: Model = (truth, _random, window) => (window > 100 ? 3 : truth);
    const canary = compare(late, good, classes, 60).pair;
    equal(judgeCanary(canaryFigures(60, { paired: canary }), 'classification', GATES, 1000).verdict.verdict, 'healthy');
    const { pair, answers } = compare(late, good, classes);
    const watched = judgeWatch(watchFigures(WINDOWS, { paired: pair, answers }), OUTPUT.reference, GATES, 1000);
    equal(watched.verdict === 'unhealthy' && watched.gate, 'drift');
  });
});

describe('Tallies', () => {
  it('compare labels by name, whatever their order in each version', () => {
    const older: ModelOutput = { name: 'scores', labels: ['outer', 'healthy'] };
    const newer: ModelOutput = { name: 'scores', labels: ['healthy', 'outer', 'cage'] };
    const tally = new PairTally({ task: 'classification', newer, older });
    tally.add(Float32Array.of(0.1, 0.8, 0.1), 0, Float32Array.of(0.9, 0.1), 0);
    tally.add(Float32Array.of(9, 9, 9, 0.1, 0.1, 0.8), 3, Float32Array.of(9, 9, 0.9, 0.1), 2);
    const { windows, disagreed, newer: bins, older: others } = tally.figures();
    deepEqual({ windows, disagreed }, { windows: 2, disagreed: 1 });
    deepEqual(bins, [0, 1, 1]);
    deepEqual(others, [0, 2, 0]);
  });

  it('measure a regression by the spread of the older answers', () => {
    const tally = new PairTally({ task: 'regression', newer: LIFE, older: LIFE });
    for (let i = 0; i < 100; i++) tally.add(Float32Array.of(i + 5), 0, Float32Array.of(i), 0);
    const { medianDistance, newer } = tally.figures();
    // 0..99 has a standard deviation of 28.87.
    ok(Math.abs(medianDistance - 5 / 28.87) < 0.001, String(medianDistance));
    deepEqual(newer, [20, 25, 25, 25, 5]);
  });

  it('do not take the jitter of a constant answer for a distance', () => {
    const tally = new PairTally({ task: 'regression', newer: LIFE, older: LIFE });
    for (let i = 0; i < 100; i++) tally.add(Float32Array.of(100.1), 0, Float32Array.of(100), 0);
    ok(tally.figures().medianDistance < 0.02);
  });

  it('put a value on an edge into the bin above it, and count what is beyond the last', () => {
    const tally = new AnswerTally(LIFE, 'regression');
    for (const value of [24.9, 25, 100, 1e9, -5]) tally.add(Float32Array.of(value), 0);
    deepEqual(tally.counts(), [2, 1, 0, 0, 2]);
  });

  it('count alarms of both models', () => {
    const tally = new PairTally({ task: 'regression', newer: LIFE, older: LIFE });
    for (const [newer, older] of [
      [true, false],
      [true, true],
      [false, false],
    ] as const)
      tally.addAlarms(newer, older);
    const { newerAlarming, olderAlarming } = tally.figures();
    deepEqual([newerAlarming, olderAlarming], [2, 1]);
  });
});

function compare(newer: Model, older: Model, world: (random: Random) => number, windows = WINDOWS) {
  const random = seeded(42);
  const pair = new PairTally({ task: 'classification', newer: OUTPUT, older: OUTPUT });
  const answers = new AnswerTally(OUTPUT, 'classification');
  for (let window = 0; window < windows; window++) {
    const truth = world(random);
    const mine = oneHot(newer(truth, random, window));
    pair.add(mine, 0, oneHot(older(truth, random, window)), 0);
    answers.add(mine, 0);
  }
  return { pair: pair.figures(), answers: answers.counts() };
}

function oneHot(label: number): Float32Array {
  return Float32Array.from(OUTPUT.labels, (_, i) => (i === label ? 0.97 : 0.01));
}
