import { type Failure, fail, type Result } from '../../domain/errors.ts';
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

/** Single windows after the golden cases: the p99 of 200 is the third slowest. */
const TIMED_RUNS = 200;
const WARM_UP_RUNS = 20;

/** Runs the golden cases, then one of them again and again alone, for the latency. Memory is looked at all the while. */
export async function testModel(held: HeldModel, clock: Clock): Promise<Result<TestFigures>> {
  const { golden, variant, runner } = held;
  let peakBytes = 0;
  let nonFinite = 0;
  let worst: { difference: number; name: string | undefined } = { difference: 0, name: undefined };
  for (const { name, input, scores } of golden) {
    const ran = await runner.run(Float32Array.from(input), 1);
    if (!ran.ok) return ran;
    const difference = largestDifference(ran.value, scores[variant] ?? []);
    if (!ran.value.every(Number.isFinite)) nonFinite++;
    if (difference >= worst.difference) worst = { difference, name };
    peakBytes = Math.max(peakBytes, runner.stats().rssBytes);
  }
  const times = await timeRuns(held, clock);
  if (!times.ok) return times;
  return {
    ok: true,
    value: {
      cases: golden.length,
      goldenDifference: worst.difference,
      worstCase: worst.name,
      nonFinite,
      latencyP99Ms: percentile(times.value, 0.99),
      runs: TIMED_RUNS,
      peakBytes: Math.max(peakBytes, runner.stats().rssBytes),
    },
  };
}

/** Infinity where a score is missing or not finite. */
function largestDifference(scores: Float32Array, wanted: readonly number[]): number {
  const differences = wanted.map((score, index) => Math.abs((scores[index] ?? Number.NaN) - score));
  return differences.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(0, ...differences);
}

async function timeRuns({ golden, runner }: HeldModel, clock: Clock): Promise<Result<number[]>> {
  const [first] = golden;
  if (first === undefined) return fail('E_MANIFEST_INVALID', 'the package has no golden case');
  const window = Float32Array.from(first.input);
  const times: number[] = [];
  for (let run = -WARM_UP_RUNS; run < TIMED_RUNS; run++) {
    const startedMs = clock.monotonic();
    const ran = await runner.run(window, 1);
    if (!ran.ok) return ran as { ok: false; error: Failure };
    if (run >= 0) times.push(clock.monotonic() - startedMs);
  }
  return { ok: true, value: times };
}
