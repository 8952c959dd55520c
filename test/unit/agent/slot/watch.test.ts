import assert from 'node:assert/strict';
import { failure } from '../../../../src/domain/errors.ts';
import { LABELS, NAN, WORN_LABEL, wornFrom } from './scripts.ts';
import { SlotBench, times } from './slot-bench.ts';

/** A bench in a watch of 1.1.0, with 1.0.0 beside it. */
async function inWatch(options: Parameters<typeof SlotBench.start>[0] = {}): Promise<SlotBench> {
  const bench = await SlotBench.start(options);
  const active = await bench.swapTo('1.1.0');
  await bench.slot.startWatch(active, await bench.ref('1.0.0'));
  await bench.settle();
  return bench;
}

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
