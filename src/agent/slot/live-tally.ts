import type { Failure } from '../../domain/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ModelRunner } from '../../ports/model-runner.ts';
import type { LiveFigures } from '../../rollout/figures.ts';

/** Runs that the p99 rests on at most: the latest. */
const MAX_RUNS = 1_024;

/** Memory is read from /proc, which costs 50 us: often enough to see a leak, too seldom to be felt. */
const MEMORY_EVERY_MS = 500;

/** Counts what one model does on live windows, from its construction on. */
export class LiveTally {
  readonly #runner: ModelRunner;
  readonly #clock: Clock;
  readonly #restartsBefore: number;
  readonly #msPerWindow: number[] = [];
  #windows = 0;
  #failed = 0;
  #nonFinite = 0;
  #runs = 0;
  #peakBytes = 0;
  #nextMemoryMs = Number.NEGATIVE_INFINITY;
  #lastFailure: Failure | undefined;

  constructor(runner: ModelRunner, clock: Clock) {
    this.#runner = runner;
    this.#clock = clock;
    this.#restartsBefore = runner.stats().restarts;
  }

  answered(count: number, nonFinite: number, ms: number): void {
    this.#windows += count;
    this.#nonFinite += nonFinite;
    this.#msPerWindow[this.#runs++ % MAX_RUNS] = ms / count;
    this.#lookAtMemory();
  }

  failed(count: number, reason: Failure): void {
    this.#windows += count;
    this.#failed += count;
    this.#lastFailure = reason;
  }

  figures(): LiveFigures {
    const { restarts, lastFailure, rssBytes } = this.#runner.stats();
    this.#peakBytes = Math.max(this.#peakBytes, rssBytes);
    const restarted = restarts - this.#restartsBefore;
    return {
      windows: this.#windows,
      failed: this.#failed,
      nonFinite: this.#nonFinite,
      restarts: restarted,
      lastFailure: restarted > 0 ? lastFailure : this.#lastFailure,
      latencyP99Ms: percentile(this.#msPerWindow, 0.99),
      runs: this.#msPerWindow.length,
      peakBytes: this.#peakBytes,
    };
  }

  #lookAtMemory(): void {
    const nowMs = this.#clock.monotonic();
    if (nowMs < this.#nextMemoryMs) return;
    this.#nextMemoryMs = nowMs + MEMORY_EVERY_MS;
    this.#peakBytes = Math.max(this.#peakBytes, this.#runner.stats().rssBytes);
  }
}

/** The value under which `share` of the values lie; 0 where there is none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
