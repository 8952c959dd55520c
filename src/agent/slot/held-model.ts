import { fail, ok, type Result } from '../../domain/errors.ts';
import type { GoldenCase, Manifest } from '../../domain/manifest.ts';
import type { ModelRef } from '../../domain/rollout.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LoadedModel, ModelRunner } from '../../ports/model-runner.ts';
import type { TestFigures } from '../../rollout/figures.ts';
import { percentile } from './live-tally.ts';

/** A model in memory: what it promises, and the runner that holds it. */
export type HeldModel = {
  /** Undefined for a model that is served straight from the configured folder, without a store. */
  readonly ref: ModelRef | undefined;
  readonly manifest: Manifest;
  readonly golden: readonly GoldenCase[];
  readonly variant: string;
  readonly runner: ModelRunner;
  readonly loaded: LoadedModel;
};

type TimedRun = (
  ...cases: readonly GoldenCase[]
) => Promise<Result<{ readonly scores: Float32Array; readonly ms: number }>>;

/** A graph may be right for one window, and for the sizes that were tried at load, and wrong for one between them. */
const BATCHES = [2, 3, 4, 5, 6, 7, 8, 16, 32];
/** Batches that take longer are not asked for at work either, and could cost the runner its deadline. */
const LONGEST_BATCH_MS = 100;

/** Single windows after the golden cases: the p99 of 200 is the third slowest. */
const TIMED_RUNS = 200;
const WARM_UP_RUNS = 20;
/** A model that does fewer runs in this time is far over any budget, or so close to it that fewer runs tell. */
const LONGEST_TIMING_MS = 10_000;

/**
 * Runs the golden cases one by one and in batches, then one of them again and again alone, for the latency. Memory is
 * looked at all the while.
 */
export async function testModel(held: HeldModel, clock: Clock): Promise<Result<TestFigures>> {
  const { golden, variant, runner, loaded } = held;
  const [first] = golden;
  if (first === undefined) return fail('E_MANIFEST_INVALID', 'the package has no golden case');
  let peakBytes = 0;
  const run: TimedRun = async (...cases) => {
    const windows = Float32Array.from(cases.flatMap(({ input }) => input));
    const startedMs = clock.monotonic();
    const ran = await runner.run(windows, cases.length);
    const ms = clock.monotonic() - startedMs;
    peakBytes = Math.max(peakBytes, runner.stats().rssBytes);
    return ran.ok ? ok({ scores: ran.value, ms }) : ran;
  };
  let nonFinite = 0;
  let worst: { difference: number; name: string | undefined } = { difference: 0, name: undefined };
  for (const one of golden) {
    const ran = await run(one);
    if (!ran.ok) return ran;
    const difference = largestDifference(ran.value.scores, one.scores[variant]);
    if (!ran.value.scores.every(Number.isFinite)) nonFinite++;
    if (worst.name === undefined || difference > worst.difference) worst = { difference, name: one.name };
  }
  // They need only be answered: scores of quantised models depend on the whole batch, and differ by a little.
  for (const size of BATCHES) {
    if (size * loaded.singleMs > LONGEST_BATCH_MS) break;
    const batch = Array.from({ length: size }, (_, row) => golden[row % golden.length] ?? first);
    const ran = await run(...batch);
    if (!ran.ok) return ran;
  }
  const times = await timeRuns(() => run(first), clock);
  if (!times.ok) return times;
  return ok({
    cases: golden.length,
    goldenDifference: worst.difference,
    worstCase: worst.name,
    nonFinite,
    latencyP99Ms: percentile(times.value, 0.99),
    runs: times.value.length,
    peakBytes,
  });
}

/** Infinity where a score is missing, not finite, or one too many. */
function largestDifference(scores: Float32Array, wanted: readonly number[] | undefined): number {
  if (wanted?.length !== scores.length) return Number.POSITIVE_INFINITY;
  const differences = wanted.map((score, index) => Math.abs((scores[index] ?? Number.NaN) - score));
  return differences.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(0, ...differences);
}

async function timeRuns(run: () => ReturnType<TimedRun>, clock: Clock): Promise<Result<number[]>> {
  const times: number[] = [];
  const lateMs = clock.monotonic() + LONGEST_TIMING_MS;
  for (let turn = -WARM_UP_RUNS; turn < TIMED_RUNS; turn++) {
    if (times.length > 0 && clock.monotonic() > lateMs) break;
    const ran = await run();
    if (!ran.ok) return ran;
    if (turn >= 0) times.push(ran.value.ms);
  }
  return ok(times);
}
