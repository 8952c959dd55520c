import assert from 'node:assert/strict';
import { measure } from '../../../../src/adapters/onnx/measure.ts';

/** A model that takes `base + each x windows` milliseconds, on a clock that only it moves. */
function model(base: number, each: number, disturb: (run: number) => number = () => 0) {
  let now = 0;
  const counts: number[] = [];
  const run = async (count: number) => {
    counts.push(count);
    now += base + each * count + disturb(counts.length);
  };
  return { run, now: () => now, counts };
}

describe('the measuring of a model', () => {
  it('finds the gain of a model whose cost is mostly the call', async () => {
    const { run, now } = model(0.1, 0.001);
    const measured = await measure(run, now);
    assert.ok(Math.abs(measured.singleMs - 0.101) < 1e-9);
    assert.ok(Math.abs(measured.batchGain - (0.101 * 32) / 0.132) < 1e-6, `${measured.batchGain}`);
  });

  it('finds no gain in a model that takes as long for each window', async () => {
    const { run, now } = model(0, 0.2);
    assert.ok(Math.abs((await measure(run, now)).batchGain - 1) < 1e-6);
  });

  it('tries a smaller batch with a slower model', async () => {
    const { run, now, counts } = model(1, 0);
    await measure(run, now);
    assert.equal(Math.max(...counts), 6);
  });

  it('does not try batches with a model that is slower than the budget', async () => {
    const { run, now, counts } = model(400, 0);
    assert.deepEqual(await measure(run, now), { singleMs: 400, batchGain: 1 });
    assert.deepEqual(counts, [1, 1]);
  });

  it('takes 30 ms at most, with a model that is quick enough for it', async () => {
    for (const each of [0.001, 0.01, 0.1, 0.3, 1, 2]) {
      const { run, now } = model(0.05, each);
      await measure(run, now);
      assert.ok(now() <= 30, `${now()} ms at ${each} ms a window`);
    }
  });

  it('sees the gain although a busy machine makes every second run slow', async () => {
    const { run, now } = model(0.1, 0.001, (nth) => (nth % 2 === 0 ? 3 : 0));
    assert.ok((await measure(run, now)).batchGain > 20);
  });

  it('does not call a model infinitely fast when the clock stands', async () => {
    const measured = await measure(
      async () => {},
      () => 0,
    );
    assert.ok(measured.singleMs > 0 && Number.isFinite(measured.batchGain));
  });
});
