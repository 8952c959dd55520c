/** Runs a batch of `count` empty windows once. */
export type RunEmpty = (count: number) => Promise<void>;
export type Measured = { readonly singleMs: number; readonly batchGain: number };

/** About 30 ms in all: a start to the first inference of the whole agent is to take 600 ms at most. */
const SINGLE_BUDGET_MS = 8;
const BATCH_BUDGET_MS = 12;
/** The first runs allocate and warm caches. */
const WARM_UP_RUNS = 3;
const MAX_RUNS = 21;
const BATCH = 32;
/** A gain that is measured on fewer windows says nothing. */
const MIN_BATCH = 4;
/** A clock too coarse for a tiny model must not make it infinitely fast. */
const CLOCK_STEP_MS = 0.001;

/**
 * Measures one window alone and inside a batch. The gain compares the fastest runs, since a busy machine slows some of
 * them tenfold. A model too slow to be tried in a batch within the budget is said to gain nothing.
 */
export async function measure(run: RunEmpty, now: () => number = () => performance.now()): Promise<Measured> {
  const single = await timesOf(run, 1, SINGLE_BUDGET_MS, now);
  // Twice, for the warm-up of this batch size.
  const affordable = Math.floor(BATCH_BUDGET_MS / 2 / fastest(single));
  const batch = Math.min(BATCH, affordable);
  if (batch < MIN_BATCH) return { singleMs: median(single), batchGain: 1 };
  const batched = await timesOf(run, batch, BATCH_BUDGET_MS, now);
  // More than `batch` is noise: a window alone was measured first, and colder.
  const batchGain = Math.min((fastest(single) * batch) / fastest(batched), batch);
  return { singleMs: median(single), batchGain };
}

/** Sorted times in milliseconds, at least one. */
async function timesOf(run: RunEmpty, count: number, budgetMs: number, now: () => number): Promise<number[]> {
  const end = now() + budgetMs;
  for (let i = 0; i < WARM_UP_RUNS && (i === 0 || now() < end); i++) await run(count);
  const times: number[] = [];
  do {
    const before = now();
    await run(count);
    times.push(now() - before);
  } while (times.length < MAX_RUNS && now() < end);
  return times.sort((a, b) => a - b);
}

function fastest(sorted: readonly number[]): number {
  return Math.max(sorted[0] ?? 0, CLOCK_STEP_MS);
}

function median(sorted: readonly number[]): number {
  return Math.max(sorted[sorted.length >> 1] ?? 0, CLOCK_STEP_MS);
}
