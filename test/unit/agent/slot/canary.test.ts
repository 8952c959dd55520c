import assert from 'node:assert/strict';
import { failure } from '../../../../src/domain/errors.ts';
import { aRule, LABELS, NAN, WORN_LABEL, wornFrom } from './scripts.ts';
import { type Script, SlotBench, times } from './slot-bench.ts';

/** A bench in a canary of 1.1.0. */
async function inCanary(options: Parameters<typeof SlotBench.start>[0] = {}): Promise<SlotBench> {
  const bench = await SlotBench.start(options);
  await bench.candidate('1.1.0');
  bench.slot.startCanary();
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
    const scripts = { '1.0.0': wornFrom(5), '1.1.0': wornFrom(1) };
    const bench = await inCanary({ manifest: LABELS, spec: WORN_LABEL, scripts });
    for (const value of [1, 2, 3, 4, 5, 6]) await bench.see('a', value);
    assert.deepEqual(bench.slot.canaryFigures().paired, {
      windows: 6,
      disagreed: 4,
      medianDistance: 0,
      newer: [0, 6],
      older: [4, 2],
      newerAlarming: 6,
      olderAlarming: 2,
    });
  });

  it('counts what would alarm by a rule of values below a limit', async () => {
    const alarms = [aRule({ direction: 'below', raise: 3, clear: 5 })];
    const bench = await inCanary({ spec: { decisions: { alarms } }, scripts: { '1.1.0': times(0.5) } });
    for (const value of [2, 3, 4, 6, 7]) await bench.see('a', value);
    const { newerAlarming, olderAlarming } = bench.slot.canaryFigures().paired;
    assert.deepEqual([newerAlarming, olderAlarming], [4, 2]);
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
    await bench.see('a', 1, 1, 1, 1);
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
    bench.runner('1.1.0').crash();
    bench.runner('1.1.0').recover();
    bench.slot.startCanary();
    await bench.see('a', 2);
    await bench.see('a', 3);
    const { candidate, active, paired } = bench.slot.canaryFigures();
    assert.equal(candidate.restarts, 0);
    assert.deepEqual([candidate.windows, active.windows, paired.windows], [2, 2, 2]);
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
