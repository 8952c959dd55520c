import assert from 'node:assert/strict';
import { ok } from '../../../../src/domain/errors.ts';
import { SlotBench, times } from './slot-bench.ts';

const TENFOLD = { '1.1.0': times(10) };

describe('a swap of models in a slot', () => {
  it('lets the new model answer from the next batch on', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    await bench.see('a', 1, 2);
    await bench.swapTo('1.1.0');
    await bench.see('a', 3);
    assert.equal(bench.results, 'a1@1.0.0 a2@1.0.0 a30@1.1.0');
    assert.deepEqual(bench.served, ['1.0.0', '1.1.0']);
  });

  it('lets a batch that is in flight be answered by the old model, in its name', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    bench.runner('1.0.0').hang();
    await bench.see('a', 1);
    await bench.swapTo('1.1.0');
    await bench.see('a', 2);
    assert.equal(bench.results, '');
    bench.runner('1.0.0').release();
    await bench.settle();
    assert.equal(bench.results, 'a1@1.0.0 a20@1.1.0');
  });

  it('answers every window exactly once and in the order of its key, under load and over many swaps', async () => {
    const bench = await SlotBench.start({ spec: { queue: { max: 10_000 } } });
    for (let swap = 1; swap <= 20; swap++) {
      for (const key of ['a', 'b', 'c']) bench.send(key, ...[0, 1, 2, 3, 4].map((i) => swap * 100 + i));
      await bench.bus.settled();
      await bench.swapTo(`1.${swap}.0`);
      await bench.slot.dropPrevious();
    }
    await bench.settle();
    const wanted = Array.from({ length: 20 }, (_, i) => [0, 1, 2, 3, 4].map((j) => (i + 1) * 100 + j)).flat();
    for (const key of ['a', 'b', 'c']) {
      const ofKey = bench.results.split(' ').filter((result) => result.startsWith(key));
      assert.deepEqual(
        ofKey.map((result) => Number.parseInt(result.slice(1), 10)),
        wanted,
      );
    }
    assert.equal(bench.failedWindows, 0);
    assert.equal(bench.running, '1.20.0');
  });

  it('carries half a window, votes and alarms over', async () => {
    const spec = { window: { hop: 1, gapMs: 10_000, maxKeys: 10 } };
    const bench = await SlotBench.start({ spec, scripts: TENFOLD });
    await bench.see('a', 4);
    await bench.swapTo('1.1.0');
    await bench.see('a', 4);
    // Windows of two samples, one apart: [4, 0], [0, 4], [4, 0]. The second began before the swap.
    assert.equal(bench.results, 'a4@1.0.0 a40@1.1.0 a40@1.1.0');
    assert.equal(bench.pipeline.look().alarmsActive, 1);
    await bench.swapTo('1.2.0');
    await bench.see('a', 9);
    assert.equal(bench.pipeline.look().alarmsActive, 1, 'between clear and raise an alarm goes on');
    assert.equal(bench.alarms, 'raised@1.1.0');
    await bench.see('a', 1);
    assert.equal(bench.alarms, 'raised@1.1.0 cleared@1.2.0');
  });

  it('does a batch again that fails because its model is on the way out', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    bench.runner('1.0.0').hang();
    await bench.see('a', 1, 2);
    await bench.swapTo('1.1.0');
    bench.runner('1.0.0').crash();
    await bench.settle();
    assert.equal(bench.results, 'a10@1.1.0 a20@1.1.0');
    assert.equal(bench.failedWindows, 0);
  });

  it('does a batch again when the old model is dropped under it', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    bench.runner('1.0.0').hang();
    await bench.see('a', 1);
    await bench.swapTo('1.1.0');
    await bench.slot.dropPrevious();
    await bench.settle();
    assert.equal(bench.results, 'a10@1.1.0');
    assert.equal(bench.running, '1.1.0');
  });

  it('gives a slow model the batch that was made for a fast one in pieces', async () => {
    const slow = { loaded: { singleMs: 25, batchGain: 1.2 } };
    const bench = await SlotBench.start({ scripts: { '1.1.0': slow } });
    await bench.swapTo('1.1.0');
    await bench.see('a', 1, 2, 3);
    assert.deepEqual(bench.runner('1.1.0').counts, [2, 1]);
    assert.equal(bench.results, 'a1@1.1.0 a2@1.1.0 a3@1.1.0');
    bench.runner('1.1.0').failNext();
    await bench.see('a', 4, 5, 6);
    assert.equal(bench.failedWindows, 2, 'from then on the pipeline makes them of two windows');
  });

  it('may be repeated once it is done, and only then', async () => {
    const bench = await SlotBench.start();
    const refused = await bench.slot.swap();
    assert.equal(refused.ok ? 'ok' : refused.error.message.includes('no candidate'), true);
    const next = await bench.candidate('1.1.0');
    assert.deepEqual(await bench.slot.swap(), ok(undefined));
    assert.deepEqual(await bench.slot.swap(), ok(undefined));
    await bench.see('a', 1);
    assert.deepEqual(await bench.slot.swap(), ok(undefined));
    assert.deepEqual(bench.slot.model?.ref, next);

    await bench.candidate('1.2.0');
    await bench.slot.dropCandidate();
    assert.equal((await bench.slot.swap()).ok, false, 'that of before is no swap of this candidate');
    await bench.see('a', 2);
    assert.equal(bench.results, 'a1@1.1.0 a2@1.1.0');
  });

  it('is refused when the candidate is not ready, and changes nothing', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    await bench.candidate('1.1.0');
    bench.runner('1.1.0').crash();
    const refused = await bench.slot.swap();
    assert.equal(refused.ok ? '' : refused.error.code, 'E_RUNNER_UNAVAILABLE');
    await bench.see('a', 1);
    assert.equal(bench.results, 'a1@1.0.0');
    bench.runner('1.1.0').recover();
    assert.deepEqual(await bench.slot.swap(), ok(undefined));
    await bench.see('a', 2);
    assert.equal(bench.results, 'a1@1.0.0 a20@1.1.0');
  });

  it('waits for the mirrored run of the candidate, also of a canary that has stopped', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    await bench.candidate('1.1.0');
    bench.slot.startCanary();
    bench.runner('1.1.0').hang();
    await bench.see('a', 1);
    bench.slot.stopCanary();
    const swapped = bench.slot.swap();
    await bench.see('a', 2);
    assert.equal(bench.results, 'a1@1.0.0 a2@1.0.0');
    bench.runner('1.1.0').release();
    assert.deepEqual(await swapped, ok(undefined));
    await bench.see('a', 3);
    assert.equal(bench.results, 'a1@1.0.0 a2@1.0.0 a30@1.1.0');
  });

  it('waits for a mirrored run, whatever was observed since', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    await bench.candidate('1.1.0');
    bench.slot.startCanary();
    bench.runner('1.1.0').hang();
    await bench.see('a', 1);
    await bench.slot.startWatch(await bench.ref('1.0.0'), undefined);
    bench.slot.stopWatch();
    const swapped = bench.slot.swap();
    await bench.see('a', 2);
    bench.runner('1.1.0').release();
    assert.deepEqual(await swapped, ok(undefined));
    await bench.see('a', 3);
    assert.equal(bench.results, 'a1@1.0.0 a2@1.0.0 a30@1.1.0');
  });

  it('is refused when the candidate crashes in the run that the swap waits for', async () => {
    const bench = await SlotBench.start();
    await bench.candidate('1.1.0');
    bench.slot.startCanary();
    bench.runner('1.1.0').hang();
    await bench.see('a', 1);
    const swapped = bench.slot.swap();
    bench.runner('1.1.0').crash();
    assert.equal((await swapped).ok, false);
    await bench.see('a', 2);
    assert.equal(bench.results, 'a1@1.0.0 a2@1.0.0');
  });

  it('keeps windows waiting while the new model restarts', async () => {
    const bench = await SlotBench.start();
    await bench.swapTo('1.1.0');
    bench.runner('1.1.0').crash();
    assert.equal(bench.slot.ready, false);
    await bench.see('a', 1);
    assert.equal(bench.results, '');
    bench.runner('1.1.0').recover();
    await bench.settle();
    assert.equal(bench.results, 'a1@1.1.0');
  });

  it('ends a previous model of an earlier swap', async () => {
    const bench = await SlotBench.start();
    await bench.swapTo('1.1.0');
    await bench.swapTo('1.2.0');
    assert.equal(bench.running, '1.1.0 1.2.0');
  });

  it('listens to the model that answers alone, and counts restarts on', async () => {
    const bench = await SlotBench.start();
    bench.runner('1.0.0').crash();
    bench.runner('1.0.0').recover();
    const told: boolean[] = [];
    bench.slot.onReady((ready) => told.push(ready));
    await bench.candidate('1.1.0');
    for (let crash = 0; crash < 2; crash++) {
      bench.runner('1.1.0').crash();
      bench.runner('1.1.0').recover();
    }
    assert.equal(bench.slot.stats().restarts, 1, 'a candidate is not the live model');
    await bench.slot.swap();
    assert.deepEqual(told, [true]);
    bench.runner('1.0.0').crash();
    assert.deepEqual(told, [true]);
    assert.equal(bench.slot.stats().restarts, 1);
    bench.runner('1.1.0').crash();
    assert.deepEqual(told, [true, false]);
    assert.equal(bench.slot.stats().restarts, 2);
    await bench.slot.dropPrevious();
    assert.equal(bench.slot.stats().restarts, 2);
    assert.deepEqual(
      bench.runners.map(({ listeners }) => listeners),
      [0, 1],
    );
  });
});
