import assert from 'node:assert/strict';
import { type HeldModel, testModel } from '../../../../src/agent/slot/held-model.ts';
import { fail, failure, ok, type Result } from '../../../../src/domain/errors.ts';
import type { GoldenCase } from '../../../../src/domain/manifest.ts';
import type { TestFigures } from '../../../../src/rollout/figures.ts';
import { FakeRunner } from '../../../fakes/runner.ts';
import { aManifest } from '../specs.ts';
import { SlotBench, TickingClock } from './slot-bench.ts';

/**
 * A runner that may take its time, its memory, and answer whatever it likes. Each window of a batch is answered as if it
 * were alone, and a batch is no turn.
 */
class OneWindow extends FakeRunner {
  readonly #answer: (window: Float32Array, turn: number) => Result<Float32Array>;
  readonly #ofBatch: (count: number) => Result<Float32Array> | undefined;
  rssBytes = 0;
  turns = 0;

  constructor(
    answer: (window: Float32Array, turn: number) => Result<Float32Array>,
    ofBatch: (count: number) => Result<Float32Array> | undefined = () => undefined,
  ) {
    super();
    this.#answer = answer;
    this.#ofBatch = ofBatch;
  }

  override async run(batch: Float32Array, count: number): Promise<Result<Float32Array>> {
    if (count === 1) return this.#answer(batch, this.turns++);
    this.counts.push(count);
    const width = batch.length / count;
    const rows = Array.from({ length: count }, (_, row) => batch.subarray(row * width, (row + 1) * width));
    const answers = rows.map((window) => this.#answer(window, -1));
    const failed = this.#ofBatch(count) ?? answers.find((answer) => !answer.ok);
    return failed ?? ok(Float32Array.from(answers.flatMap((answer) => (answer.ok ? [...answer.value] : []))));
  }

  override stats() {
    return { ...super.stats(), rssBytes: this.rssBytes };
  }
}

const CASES: readonly GoldenCase[] = [
  { name: 'rest', input: [0, 0], scores: { small: [0], large: [1] } },
  { name: 'load', input: [1, 2], scores: { small: [3], large: [4] } },
];
const RUNS_AFTER_THE_CASES = 220;

const adds = ([a = 0, b = 0]: Float32Array) => ok(Float32Array.of(a + b));

async function tested(
  runner: FakeRunner,
  { golden = CASES, variant = 'small', clock = new TickingClock(), singleMs = 1 } = {},
): Promise<Result<TestFigures>> {
  const loaded = { provider: 'cpu', loadMs: 1, singleMs, batchGain: 1 };
  const held: HeldModel = { ref: undefined, manifest: aManifest(), golden, variant, runner, loaded };
  return testModel(held, clock);
}

async function figuresOf(...args: Parameters<typeof tested>): Promise<TestFigures> {
  const figures = await tested(...args);
  assert.ok(figures.ok, JSON.stringify(figures));
  return figures.value;
}

describe('the test of a candidate', () => {
  it('finds no difference where every golden score is right', async () => {
    const runner = new OneWindow(adds);
    assert.deepEqual(await figuresOf(runner), {
      cases: 2,
      goldenDifference: 0,
      worstCase: 'rest',
      nonFinite: 0,
      latencyP99Ms: 0,
      runs: 200,
      peakBytes: 0,
    });
    assert.equal(runner.turns, CASES.length + RUNS_AFTER_THE_CASES);
  });

  it('tells the largest difference and its case', async () => {
    const off = new OneWindow(([a = 0, b = 0]) => ok(Float32Array.of(a + b + (a > 0 ? 0.5 : -0.25))));
    const { goldenDifference, worstCase } = await figuresOf(off);
    assert.deepEqual({ goldenDifference, worstCase }, { goldenDifference: 0.5, worstCase: 'load' });
  });

  it('holds a variant against its own scores', async () => {
    const { goldenDifference } = await figuresOf(new OneWindow(adds), { variant: 'large' });
    assert.equal(goldenDifference, 1);
  });

  for (const [what, scores] of [
    ['is not a number', [Number.NaN]],
    ['is infinite', [Number.NEGATIVE_INFINITY]],
  ] as const) {
    it(`takes a score that ${what} for infinitely wrong`, async () => {
      const wrong = new OneWindow((window) => (window[0] === 1 ? ok(Float32Array.from(scores)) : adds(window)));
      const { goldenDifference, worstCase, nonFinite } = await figuresOf(wrong);
      assert.deepEqual([goldenDifference, worstCase, nonFinite], [Number.POSITIVE_INFINITY, 'load', 1]);
    });
  }

  for (const [what, scores] of [
    ['none at all', []],
    ['one too many', [3, 0]],
  ] as const) {
    it(`takes an answer of ${what} for infinitely wrong`, async () => {
      const wrong = new OneWindow((window) => (window[0] === 1 ? ok(Float32Array.from(scores)) : adds(window)));
      const { goldenDifference, worstCase } = await figuresOf(wrong);
      assert.deepEqual([goldenDifference, worstCase], [Number.POSITIVE_INFINITY, 'load']);
    });
  }

  it('passes no variant for which there are no golden scores', async () => {
    const { goldenDifference } = await figuresOf(new OneWindow(adds), { variant: 'tiny' });
    assert.equal(goldenDifference, Number.POSITIVE_INFINITY);
  });

  it('measures the p99 of single windows after the warm-up: the third slowest of 200', async () => {
    const clock = new TickingClock();
    const runner = new OneWindow((window, turn) => {
      const timed = turn - CASES.length - 20;
      if (timed < 0) clock.spend(400);
      else clock.spend(timed % 50 === 7 ? 10 + timed / 50 : 1);
      return adds(window);
    });
    // Slow are 7, 57, 107 and 157: 10.14, 11.14, 12.14 and 13.14 ms.
    const { latencyP99Ms, runs } = await figuresOf(runner, { clock });
    assert.equal(latencyP99Ms.toFixed(2), '11.14');
    assert.equal(runs, 200);
  });

  it('gives up timing a hopelessly slow model early, and has one time at least', async () => {
    const clock = new TickingClock();
    const runner = new OneWindow((window) => {
      clock.spend(900);
      return adds(window);
    });
    const { latencyP99Ms, runs } = await figuresOf(runner, { clock });
    assert.deepEqual([latencyP99Ms, runs, runner.turns], [900, 1, CASES.length + 21]);
  });

  it('tells the peak of the memory, wherever in the test it is', async () => {
    for (const peakAt of [1, 100]) {
      const runner = new OneWindow((window, turn) => {
        runner.rssBytes = turn === peakAt ? 7_000 : 1_000;
        return adds(window);
      });
      assert.equal((await figuresOf(runner)).peakBytes, 7_000);
    }
  });

  it('fails with the failure of a run, in a golden case or later', async () => {
    for (const failsAt of [1, 50]) {
      const error = failure('E_RUNNER_CRASHED', 'gone');
      const runner = new OneWindow((window, turn) => (turn === failsAt ? { ok: false, error } : adds(window)));
      assert.deepEqual(await tested(runner), { ok: false, error });
      assert.equal(runner.turns, failsAt + 1);
    }
  });

  it('tries batches of small sizes and of the largest, as far as the model is quick enough for them', async () => {
    const quick = new OneWindow(adds);
    await figuresOf(quick);
    assert.deepEqual(quick.counts, [2, 3, 4, 5, 6, 7, 8, 16, 32]);
    const slow = new OneWindow(adds);
    await figuresOf(slow, { singleMs: 30 });
    assert.deepEqual(slow.counts, [2, 3]);
  });

  it('fails with the failure of a batch of one size', async () => {
    const failsAt = (size: number) => (count: number) =>
      count === size ? fail('E_RUN_FAILED', '6 scores') : undefined;
    const failed = await tested(new OneWindow(adds, failsAt(3)));
    assert.deepEqual(failed, fail('E_RUN_FAILED', '6 scores'));
    assert.ok((await tested(new OneWindow(adds, failsAt(33)))).ok);
  });

  it('fails without golden cases', async () => {
    const figures = await tested(new OneWindow(adds), { golden: [] });
    assert.equal(figures.ok ? '' : figures.error.code, 'E_MANIFEST_INVALID');
  });

  it('is done on the candidate of a slot beside live windows, and may be repeated', async () => {
    const bench = await SlotBench.start();
    await bench.candidate('1.1.0');
    const testing = bench.slot.testCandidate();
    await bench.see('a', 1);
    assert.equal(bench.results, 'a1@1.0.0');
    for (const figures of [await testing, await bench.slot.testCandidate()]) {
      assert.deepEqual(figures.ok && [figures.value.cases, figures.value.goldenDifference], [1, 0]);
    }
  });

  it('waits for a mirrored run of the candidate', async () => {
    const bench = await SlotBench.start();
    await bench.candidate('1.1.0');
    bench.slot.startCanary();
    bench.runner('1.1.0').hang();
    await bench.see('a', 1);
    const testing = bench.slot.testCandidate();
    await bench.settle();
    bench.runner('1.1.0').release();
    assert.equal((await testing).ok, true);
  });

  it('ends when the candidate is dropped under it', async () => {
    const bench = await SlotBench.start();
    await bench.candidate('1.1.0');
    bench.runner('1.1.0').hang();
    const testing = bench.slot.testCandidate();
    await bench.slot.stop(100);
    const figures = await testing;
    assert.equal(figures.ok ? '' : figures.error.code, 'E_RUNNER_UNAVAILABLE');
  });
});
