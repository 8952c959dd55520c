import { equal } from 'node:assert/strict';
import { AnswerReader } from '../../../src/agent/slot/answers.ts';
import { PairTally } from '../../../src/agent/slot/pair-tally.ts';
import type { Manifest, ModelOutput } from '../../../src/domain/manifest.ts';
import { judgeCanary } from '../../../src/rollout/verdict/judge-canary.ts';
import { judgeWatch } from '../../../src/rollout/verdict/judge-watch.ts';
import { type Random, seeded } from '../../../src/sim/random.ts';
import { canaryFigures, GATES, watchFigures } from '../../fixtures/rollout/figures.ts';

const OUTPUT: ModelOutput = {
  name: 'scores',
  labels: ['healthy', 'ball', 'inner', 'outer'],
  reference: { shares: [0.4, 0.2, 0.2, 0.2] },
};
const MANIFEST: Manifest = {
  schemaVersion: 1,
  name: 'bearing-fault',
  version: '1.1.0',
  task: 'classification',
  description: '',
  input: { name: 'x', window: 2, hop: 2, channels: ['x'], channelAxis: true },
  output: OUTPUT,
  variants: [],
  gates: GATES,
  requires: { opset: 17 },
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

function compare(newer: Model, older: Model, world: (random: Random) => number, windows = WINDOWS) {
  const random = seeded(42);
  const reader = new AnswerReader(MANIFEST, []);
  const pair = new PairTally(reader.bins, true);
  const answers = new Array<number>(reader.bins).fill(0);
  for (let window = 0; window < windows; window++) {
    const truth = world(random);
    const mine = reader.read(oneHot(newer(truth, random, window)), 0);
    pair.add(mine, reader.read(oneHot(older(truth, random, window)), 0));
    answers[mine.bin] = (answers[mine.bin] ?? 0) + 1;
  }
  return { pair: pair.figures(), answers };
}

function oneHot(label: number): Float32Array {
  return Float32Array.from(OUTPUT.labels, (_, i) => (i === label ? 0.97 : 0.01));
}
