import assert from 'node:assert/strict';
import { failure, ok } from '../../../../src/domain/errors.ts';
import { SlotBench, times } from './slot-bench.ts';

const TENFOLD = { '1.1.0': times(10) };

describe('the way back in a slot', () => {
  it('lets the warm previous model answer the very next batch', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    await bench.swapTo('1.1.0');
    await bench.see('a', 1);
    assert.deepEqual(await bench.slot.rollBack(await bench.ref('1.0.0')), ok(undefined));
    await bench.see('a', 2);
    assert.equal(bench.results, 'a10@1.1.0 a2@1.0.0');
    assert.equal(bench.runners.length, 2, 'nothing was loaded');
    assert.equal(bench.running, '1.0.0');
  });

  it('does the batch of a model that hangs again with the old one', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    await bench.swapTo('1.1.0');
    bench.runner('1.1.0').hang();
    await bench.see('a', 1, 2);
    const before = bench.clock.monotonic();
    assert.deepEqual(await bench.slot.rollBack(await bench.ref('1.0.0')), ok(undefined));
    await bench.settle();
    assert.equal(bench.results, 'a1@1.0.0 a2@1.0.0');
    assert.equal(bench.clock.monotonic(), before);
    assert.equal(bench.failedWindows, 0);
  });

  it('undoes a swap that no batch has met yet, under a batch in flight', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    bench.runner('1.0.0').hang();
    await bench.see('a', 1);
    await bench.swapTo('1.1.0');
    assert.deepEqual(await bench.slot.rollBack(await bench.ref('1.0.0')), ok(undefined));
    bench.runner('1.0.0').release();
    await bench.see('a', 2);
    assert.equal(bench.results, 'a1@1.0.0 a2@1.0.0');
    assert.equal(bench.running, '1.0.0');
  });

  it('fails a batch once when the model that stays fails on it', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    bench.runner('1.0.0').hang();
    await bench.see('a', 1);
    await bench.swapTo('1.1.0');
    await bench.slot.rollBack(await bench.ref('1.0.0'));
    bench.runner('1.0.0').failNext();
    bench.runner('1.0.0').release();
    await bench.settle();
    assert.equal(bench.failedWindows, 1);
    assert.deepEqual(bench.runner('1.0.0').counts, [1]);
  });

  it('leaves out a candidate that waits for its swap', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    await bench.candidate('1.1.0');
    assert.deepEqual(await bench.slot.rollBack(await bench.ref('1.0.0')), ok(undefined));
    assert.equal((await bench.slot.swap()).ok, false);
    await bench.see('a', 1);
    assert.equal(bench.results, 'a1@1.0.0');
    assert.equal(bench.running, '1.0.0');
  });

  it('may be repeated, and is done when the model answers already', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    await bench.swapTo('1.1.0');
    const ref = await bench.ref('1.0.0');
    for (let i = 0; i < 3; i++) assert.deepEqual(await bench.slot.rollBack(ref), ok(undefined));
    assert.equal(bench.runners.length, 2);
    assert.equal((await bench.slot.swap()).ok, false, 'the swap was undone');
  });

  it('loads the model cold when no previous one is there, while the bad one answers on', async () => {
    const load = Promise.withResolvers<void>();
    const bench = await SlotBench.start({ scripts: { ...TENFOLD, '0.9.0': { loading: load.promise } } });
    await bench.swapTo('1.1.0');
    const back = bench.slot.rollBack(await bench.ref('0.9.0'));
    await bench.see('a', 1);
    assert.equal(bench.results, 'a10@1.1.0');
    load.resolve();
    assert.deepEqual(await back, ok(undefined));
    await bench.see('a', 2);
    assert.equal(bench.results, 'a10@1.1.0 a2@0.9.0');
    assert.equal(bench.running, '0.9.0');
  });

  it('loads the model cold when the previous one is down', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    await bench.swapTo('1.1.0');
    bench.runner('1.0.0').crash();
    assert.deepEqual(await bench.slot.rollBack(await bench.ref('1.0.0')), ok(undefined));
    await bench.see('a', 1);
    assert.equal(bench.results, 'a1@1.0.0');
    assert.equal(bench.runners.length, 3);
    assert.equal(bench.running, '1.0.0');
  });

  it('loads the model cold when the previous one dies in the mirrored run that it waits for', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    const old = bench.runner('1.0.0');
    const active = await bench.swapTo('1.1.0');
    await bench.slot.startWatch(active, await bench.ref('1.0.0'));
    old.hang();
    await bench.see('a', 1);
    const back = bench.slot.rollBack(await bench.ref('1.0.0'));
    old.crash();
    assert.deepEqual(await back, ok(undefined));
    await bench.see('a', 2);
    assert.equal(bench.results, 'a10@1.1.0 a2@1.0.0');
    assert.equal(bench.runners.length, 3);
  });

  it('loads a model that is the candidate too, and drops the candidate', async () => {
    const bench = await SlotBench.start({ scripts: TENFOLD });
    const ref = await bench.candidate('1.1.0');
    assert.deepEqual(await bench.slot.rollBack(ref), ok(undefined));
    await bench.see('a', 1);
    assert.equal(bench.results, 'a10@1.1.0');
    assert.equal(bench.running, '1.1.0');
  });

  it('fails when the model does not load, leaves the bad one at work, and works later', async () => {
    const scripts: Record<string, object> = { ...TENFOLD, '0.9.0': { startFailure: failure('E_MODEL_LOAD') } };
    const bench = await SlotBench.start({ scripts });
    await bench.swapTo('1.1.0');
    const ref = await bench.ref('0.9.0');
    const back = await bench.slot.rollBack(ref);
    assert.equal(back.ok ? '' : back.error.code, 'E_MODEL_LOAD');
    await bench.see('a', 1);
    assert.equal(bench.results, 'a10@1.1.0');
    bench.script('0.9.0', {});
    assert.deepEqual(await bench.slot.rollBack(ref), ok(undefined));
    assert.equal(bench.running, '0.9.0');
  });

  it('serves cold where nothing answers yet, after a restart', async () => {
    const bench = new SlotBench();
    assert.deepEqual(await bench.slot.rollBack(await bench.ref('1.0.0')), ok(undefined));
    assert.equal(bench.running, '1.0.0');
    assert.equal(bench.slot.ready, true);
  });
});
