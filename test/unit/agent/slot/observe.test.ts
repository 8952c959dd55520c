import assert from 'node:assert/strict';
import { failure } from '../../../../src/domain/errors.ts';
import { type Script, SlotBench, times } from './slot-bench.ts';

const LABELS = { task: 'classification', output: { name: 'y', labels: ['good', 'worn'] } } as const;
const WORN_LABEL = { decisions: { floor: 0, alarms: [aRule({ labels: ['worn'], raise: 0.6, clear: 0.4 })] } };

function aRule(change: object) {
  const fixed = { name: 'worn', severity: 'critical', direction: 'above', k: 1, n: 1, cooldownMs: 0 } as const;
  return { ...fixed, labels: undefined, raise: 10, clear: 5, action: undefined, ...change };
}

/** Says `worn` from this value on. */
function wornFrom(limit: number): Script {
  return { score: ([value = 0]) => (value >= limit ? [0.1, 0.9] : [0.9, 0.1]) };
}

const NAN: Script = { score: ([value = 0]) => [value > 5 ? Number.NaN : value] };

/** A bench in a canary of 1.1.0. */
async function inCanary(options: Parameters<typeof SlotBench.start>[0] = {}): Promise<SlotBench> {
  const bench = await SlotBench.start(options);
  await bench.candidate('1.1.0');
  bench.slot.startCanary();
  await bench.settle();
  return bench;
}

/** A bench in a watch of 1.1.0, with 1.0.0 beside it. */
async function inWatch(options: Parameters<typeof SlotBench.start>[0] = {}): Promise<SlotBench> {
  const bench = await SlotBench.start(options);
  const active = await bench.swapTo('1.1.0');
  await bench.slot.startWatch(active, await bench.ref('1.0.0'));
  await bench.settle();
  return bench;
}

describe('a canary in a slot', () => {
  it('shows the candidate what the active model answers, and lets none of its answers leave', async () => {
    const bench = await inCanary({ scripts: { '1.1.0': times(10) } });
    await bench.see('a', 1);
    await bench.see('b', 2, 3);
    assert.deepEqual(bench.runner('1.1.0').shown, [[1], [2, 3]]);
    assert.equal(bench.results, 'a1@1.0.0 b2@1.0.0 b3@1.0.0');
  });

  it('shows copies: the pipeline fills the same memory again', async () => {
    const seen: number[][] = [];
    const remember = { score: (window: Float32Array) => [seen.push([...window])] };
    const bench = await inCanary({ scripts: { '1.1.0': remember } });
    bench.runner('1.1.0').hang();
    await bench.see('a', 1, 2);
    await bench.see('a', 3, 4);
    bench.runner('1.1.0').release();
    await bench.settle();
    assert.deepEqual(seen, [
      [1, 0],
      [2, 0],
    ]);
    assert.equal(bench.slot.canaryFigures().paired.windows, 2);
  });

  it('skips windows while the candidate is busy, and delays nobody', async () => {
    const bench = await inCanary();
    bench.runner('1.1.0').hang();
    for (let value = 1; value <= 5; value++) await bench.see('a', value);
    assert.equal(bench.results.split(' ').length, 5);
    assert.deepEqual(bench.runner('1.1.0').shown, [[1]]);
    bench.runner('1.1.0').release();
    await bench.see('a', 6);
    assert.deepEqual(bench.runner('1.1.0').shown, [[1], [6]]);
    const { candidate, active, paired } = bench.slot.canaryFigures();
    assert.deepEqual([candidate.windows, active.windows, paired.windows], [2, 6, 2]);
  });

  it('shows no more at once than the candidate was measured to take', async () => {
    const slow = { loaded: { singleMs: 25, batchGain: 1.2 } };
    const bench = await inCanary({ scripts: { '1.1.0': slow } });
    await bench.see('a', 1, 2, 3, 4);
    assert.deepEqual(bench.runner('1.1.0').shown, [[1, 2]]);
    assert.equal(bench.slot.canaryFigures().paired.windows, 2);
  });

  it('goes on beside a candidate that fails, crashes and comes back', async () => {
    const bench = await inCanary();
    const candidate = bench.runner('1.1.0');
    candidate.failNext(failure('E_RUN_FAILED', 'no'));
    await bench.see('a', 1, 2);
    assert.equal(bench.slot.canaryFigures().candidate.lastFailure?.message.includes('no'), true);
    candidate.hang();
    await bench.see('a', 3);
    candidate.crash();
    await bench.see('a', 4);
    candidate.recover();
    await bench.see('a', 5);
    assert.equal(bench.results, 'a1@1.0.0 a2@1.0.0 a3@1.0.0 a4@1.0.0 a5@1.0.0');
    const { windows, failed, restarts, lastFailure } = bench.slot.canaryFigures().candidate;
    assert.deepEqual({ windows, failed, restarts }, { windows: 4, failed: 3, restarts: 1 });
    assert.equal(lastFailure?.code, 'E_RUNNER_CRASHED');
  });

  it('counts on which windows two classifiers differ, what they say, and what would alarm', async () => {
    const scripts = { '1.0.0': wornFrom(5), '1.1.0': wornFrom(3) };
    const bench = await inCanary({ manifest: LABELS, spec: WORN_LABEL, scripts });
    for (const value of [1, 2, 3, 4, 5, 6]) await bench.see('a', value);
    assert.deepEqual(bench.slot.canaryFigures().paired, {
      windows: 6,
      disagreed: 2,
      medianDistance: 0,
      newer: [2, 4],
      older: [4, 2],
      newerAlarming: 4,
      olderAlarming: 2,
    });
  });

  it('measures how far two regressions are apart, in standard deviations of the active one', async () => {
    const bench = await inCanary({ scripts: { '1.1.0': { score: ([value = 0]) => [value + 2] } } });
    for (const value of [8, 10, 12]) await bench.see('a', value);
    const { paired } = bench.slot.canaryFigures();
    // Answers 8, 10, 12: their standard deviation is 2, and each is 2 off. Alarms are raised from 10 on.
    assert.equal(paired.medianDistance, 1);
    assert.deepEqual([paired.disagreed, paired.newerAlarming, paired.olderAlarming], [0, 3, 2]);
  });

  it('leaves the distance as it is where the active model always says the same', async () => {
    const bench = await inCanary({ scripts: { '1.0.0': { score: () => [7] }, '1.1.0': { score: () => [9] } } });
    for (const value of [1, 2]) await bench.see('a', value);
    assert.equal(bench.slot.canaryFigures().paired.medianDistance, 2);
  });

  it('puts values into the bins of the reference, an edge into the bin above it', async () => {
    const reference = { edges: [0, 5], shares: [0.2, 0.5, 0.3] };
    const manifest = { output: { name: 'sum', labels: ['sum'], reference } };
    const bench = await inCanary({ manifest, scripts: { '1.1.0': times(-1) } });
    for (const value of [-1, 0, 4, 5, 6]) await bench.see('a', value);
    const { newer, older } = bench.slot.canaryFigures().paired;
    assert.deepEqual(older, [1, 2, 2]);
    // 1, -0, -4, -5, -6
    assert.deepEqual(newer, [3, 2, 0]);
  });

  it('counts answers that are not finite, and pairs only windows that both answered', async () => {
    const bench = await inCanary({ scripts: { '1.1.0': NAN } });
    await bench.see('a', 1, 9, 2);
    await bench.see('a', 8);
    const { candidate, active, paired } = bench.slot.canaryFigures();
    assert.deepEqual([candidate.windows, candidate.failed, candidate.nonFinite], [4, 0, 2]);
    assert.deepEqual([active.windows, active.nonFinite], [4, 0]);
    assert.deepEqual([paired.windows, paired.newer, paired.older], [2, [2], [2]]);
  });

  it('measures the time of a run per window in it, of both models', async () => {
    const ms = { '1.0.0': 2, '1.1.0': 8 };
    const spend = (version: keyof typeof ms): Script => ({
      score: ([value = 0]) => {
        bench.clock.spend(ms[version] * value);
        return [value];
      },
    });
    const bench: SlotBench = await SlotBench.start({ scripts: { '1.0.0': spend('1.0.0'), '1.1.0': spend('1.1.0') } });
    await bench.candidate('1.1.0');
    bench.slot.startCanary();
    await bench.settle();
    assert.equal(bench.slot.canaryFigures().candidate.latencyP99Ms, 0);
    await bench.see('a', 1, 1);
    await bench.see('a', 3);
    const { candidate, active } = bench.slot.canaryFigures();
    assert.deepEqual([active.runs, active.latencyP99Ms], [2, 6]);
    assert.deepEqual([candidate.runs, candidate.latencyP99Ms], [2, 24]);
  });

  it('rests the p99 on the latest 1,024 runs, and says so', async () => {
    const bench = await inCanary();
    for (let run = 0; run < 1_030; run++) {
      const answered = bench.slot.run(Float32Array.of(run, 0), 1);
      assert.equal((await answered).ok, true);
    }
    const { active } = bench.slot.canaryFigures();
    assert.deepEqual([active.windows, active.runs], [1_030, 1_024]);
  });

  it('keeps the peak of the memory', async () => {
    const bench = await inCanary();
    bench.runner('1.1.0').rssBytes = 900;
    await bench.see('a', 1);
    bench.runner('1.1.0').rssBytes = 100;
    await bench.see('a', 2);
    assert.equal(bench.slot.canaryFigures().candidate.peakBytes, 900);
    bench.runner('1.1.0').rssBytes = 950;
    assert.equal(bench.slot.canaryFigures().candidate.peakBytes, 950);
  });

  it('starts at zero when it is started again, in the middle of a mirrored run as well', async () => {
    const bench = await inCanary();
    bench.runner('1.1.0').hang();
    await bench.see('a', 1);
    bench.slot.startCanary();
    await bench.see('a', 2);
    assert.deepEqual(bench.runner('1.1.0').shown, [[1]], 'it is busy with a window of before');
    bench.runner('1.1.0').release();
    await bench.see('a', 3);
    const { candidate, active, paired } = bench.slot.canaryFigures();
    assert.deepEqual([candidate.windows, active.windows, paired.windows], [1, 2, 1]);
  });

  it('starts before the first batch of the active model', async () => {
    const bench = await inCanary();
    assert.equal(bench.slot.canaryFigures().paired.windows, 0);
    await bench.see('a', 1);
    assert.equal(bench.slot.canaryFigures().paired.windows, 1);
  });

  it('counts a run that fails on the active model, and shows nothing of it', async () => {
    const bench = await inCanary();
    bench.runner('1.0.0').failNext();
    await bench.see('a', 1);
    const { active } = bench.slot.canaryFigures();
    assert.deepEqual([active.windows, active.failed, active.lastFailure?.code], [1, 1, 'E_RUN_FAILED']);
    assert.deepEqual(bench.runner('1.1.0').shown, []);
  });

  it('shows nothing any more when it has stopped, and has no figures', async () => {
    const bench = await inCanary();
    bench.slot.stopWatch();
    assert.equal(bench.slot.canaryFigures().paired.windows, 0, 'that was another');
    bench.slot.stopCanary();
    bench.slot.stopCanary();
    await bench.see('a', 1);
    assert.deepEqual(bench.runner('1.1.0').shown, []);
    assert.throws(() => bench.slot.canaryFigures(), /no canary/);
    assert.throws(() => bench.slot.watchFigures(), /nothing is watched/);
  });

  it('ends with its candidate', async () => {
    const bench = await inCanary();
    bench.runner('1.1.0').hang();
    await bench.see('a', 1);
    await bench.slot.dropCandidate();
    assert.throws(() => bench.slot.canaryFigures());
    await bench.see('a', 2);
    assert.equal(bench.results, 'a1@1.0.0 a2@1.0.0');
    bench.slot.startCanary();
    assert.throws(() => bench.slot.canaryFigures());
  });
});

describe('a watch in a slot', () => {
  it('counts the answers of the new model, with the previous one beside it', async () => {
    const scripts = { '1.0.0': wornFrom(5), '1.1.0': wornFrom(3) };
    const bench = await inWatch({ manifest: LABELS, spec: WORN_LABEL, scripts });
    for (const value of [1, 3, 4, 5]) await bench.see('a', value);
    const { active, answers, previous, paired } = bench.slot.watchFigures();
    assert.deepEqual([active.windows, active.failed, active.nonFinite, active.restarts], [4, 0, 0, 0]);
    assert.deepEqual(answers, [1, 3]);
    assert.equal(previous?.windows, 4);
    assert.deepEqual(paired, {
      windows: 4,
      disagreed: 2,
      medianDistance: 0,
      newer: [1, 3],
      older: [3, 1],
      newerAlarming: 3,
      olderAlarming: 1,
    });
    assert.throws(() => bench.slot.canaryFigures());
  });

  it('measures the distance in standard deviations of the previous model', async () => {
    const bench = await inWatch({ scripts: { '1.1.0': { score: ([value = 0]) => [value * 3] } } });
    for (const value of [8, 10, 12]) await bench.see('a', value);
    assert.equal(bench.slot.watchFigures().paired?.medianDistance, 10);
  });

  it('counts what is not finite, fails and restarts in the new model', async () => {
    const bench = await inWatch({ scripts: { '1.1.0': NAN } });
    const active = bench.runner('1.1.0');
    await bench.see('a', 1, 9);
    active.failNext();
    await bench.see('a', 2);
    active.hang();
    await bench.see('a', 3);
    active.crash();
    active.recover();
    await bench.see('a', 4);
    const figures = bench.slot.watchFigures();
    const { windows, failed, nonFinite, restarts, lastFailure } = figures.active;
    assert.deepEqual({ windows, failed, nonFinite, restarts }, { windows: 5, failed: 2, nonFinite: 1, restarts: 1 });
    assert.equal(lastFailure?.code, 'E_RUNNER_CRASHED');
    assert.deepEqual(figures.answers, [2]);
    assert.deepEqual([figures.previous?.windows, figures.paired?.windows], [3, 2]);
  });

  it('does not count a batch that the old model answers after the swap', async () => {
    const bench = await SlotBench.start();
    bench.runner('1.0.0').hang();
    await bench.see('a', 1);
    const active = await bench.swapTo('1.1.0');
    await bench.slot.startWatch(active, await bench.ref('1.0.0'));
    bench.runner('1.0.0').release();
    await bench.see('a', 2);
    assert.equal(bench.slot.watchFigures().active.windows, 1);
  });

  it('starts at zero when it is started again, and loads nothing twice', async () => {
    const bench = await inWatch();
    await bench.see('a', 1);
    await bench.slot.startWatch(await bench.ref('1.1.0'), await bench.ref('1.0.0'));
    assert.equal(bench.slot.watchFigures().active.windows, 0);
    await bench.see('a', 2);
    assert.equal(bench.slot.watchFigures().paired?.windows, 1);
    assert.equal(bench.runners.length, 2);
  });

  it('loads the previous model beside after a restart', async () => {
    const bench = await SlotBench.start({ scripts: { '0.9.0': times(2) } });
    await bench.slot.startWatch(await bench.ref('1.0.0'), await bench.ref('0.9.0'));
    await bench.see('a', 1);
    assert.equal(bench.slot.watchFigures().paired?.windows, 1);
    assert.equal(bench.results, 'a1@1.0.0');
  });

  it('goes on without a previous model that does not load, or that there is not', async () => {
    const bench = await SlotBench.start({ scripts: { '0.9.0': { startFailure: failure('E_MODEL_LOAD') } } });
    for (const previous of [await bench.ref('0.9.0'), undefined]) {
      await bench.slot.startWatch(await bench.ref('1.0.0'), previous);
      await bench.see('a', 1);
      const figures = bench.slot.watchFigures();
      assert.deepEqual([figures.active.windows, figures.previous, figures.paired], [1, undefined, undefined]);
    }
  });

  it('compares with the model that it is told, and not with another that happens to be warm', async () => {
    const bench = await SlotBench.start({ scripts: { '0.9.0': times(2) } });
    const active = await bench.swapTo('1.1.0');
    await bench.slot.startWatch(active, await bench.ref('0.9.0'));
    await bench.see('a', 1);
    assert.equal(bench.running, '1.1.0 0.9.0');
    assert.deepEqual(bench.runner('0.9.0').shown, [[1]]);
    await bench.slot.startWatch(active, undefined);
    assert.equal(bench.running, '1.1.0');
    assert.equal(bench.slot.watchFigures().previous, undefined);
  });

  it('of a model that does not answer is no watch, and ends the one before', async () => {
    const bench = await inWatch();
    await bench.slot.startWatch(await bench.ref('9.0.0'), await bench.ref('1.0.0'));
    assert.throws(() => bench.slot.watchFigures(), /nothing is watched/);
  });

  it('goes on when the previous model dies, and comes back', async () => {
    const bench = await inWatch();
    bench.runner('1.0.0').hang();
    await bench.see('a', 1);
    bench.runner('1.0.0').crash();
    await bench.see('a', 2);
    bench.runner('1.0.0').recover();
    await bench.see('a', 3);
    assert.equal(bench.results, 'a1@1.1.0 a2@1.1.0 a3@1.1.0');
    const { active, previous, paired } = bench.slot.watchFigures();
    assert.deepEqual([active.windows, active.failed], [3, 0]);
    assert.deepEqual([previous?.windows, previous?.failed, previous?.restarts, paired?.windows], [2, 1, 1, 1]);
  });

  it('goes on when a drop finds no candidate, and ends with the previous model', async () => {
    const bench = await inWatch();
    await bench.slot.dropCandidate();
    bench.slot.stopCanary();
    await bench.see('a', 1);
    assert.equal(bench.slot.watchFigures().active.windows, 1);
    await bench.slot.dropPrevious();
    assert.throws(() => bench.slot.watchFigures());
    bench.slot.stopWatch();
    assert.equal(bench.running, '1.1.0');
  });

  it('of a model without a previous one is not ended by a drop', async () => {
    const bench = await SlotBench.start();
    await bench.slot.startWatch(await bench.ref('1.0.0'), undefined);
    await bench.slot.dropPrevious();
    assert.equal(bench.slot.watchFigures().active.windows, 0);
  });
});
