/** The middle value: one disturbed run does not move it. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/**
 * Runs each of the named measurements `rounds` times, one after another in turn (A B A B ...), so that a machine that
 * is slow for a while is slow for all of them.
 */
export async function alternate<M extends Readonly<Record<string, () => Promise<unknown>>>>(
  rounds: number,
  measurements: M,
): Promise<{ [K in keyof M]: Awaited<ReturnType<M[K]>>[] }> {
  const results: Record<string, unknown[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(measurements)) {
      results[name] = [...(results[name] ?? []), await measure()];
    }
  }
  return results as { [K in keyof M]: Awaited<ReturnType<M[K]>>[] };
}

export function medianOf<T>(runs: readonly T[], figure: (run: T) => number): number {
  return median(runs.map(figure));
}

/** The relative distance of the outermost runs: how quiet the machine was. */
export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}
