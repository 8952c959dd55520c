/** The figures that the benchmarks print, and what the product promises of each. */
export const FIGURES = [
  { name: 'inlineVsNaive', unit: 'x throughput', target: '>= 4' },
  { name: 'processVsNaive', unit: 'x throughput', target: '>= 3' },
  { name: 'binaryVsNaive', unit: 'x throughput', target: '>= 5' },
  { name: 'p50VsNaiveAt1k', unit: 'x latency', target: '<= 0.6' },
  { name: 'p99VsNaiveAt1k', unit: 'x latency', target: '<= 1.5' },
  { name: 'cpuVsNaiveAt5k', unit: 'x CPU a message', target: '<= 1.2' },
  { name: 'topics1000Vs1', unit: 'x throughput', target: 'about 1' },
  { name: 'startMs', unit: 'ms', target: '<= 600' },
  { name: 'rssMb', unit: 'MB', target: '<= 220' },
  { name: 'idleCpuPct', unit: '% of a core', target: '<= 2' },
] as const;

/** Of `swap`, which is not part of `all`. */
export const SWAP_FIGURES = [
  { name: 'gapRatio', unit: 'x p99 gap', target: '<= 2' },
  { name: 'naiveGapRatio', unit: 'x p99 gap', target: 'none' },
  { name: 'warmRollbackMs', unit: 'ms', target: '<= 50' },
  { name: 'coldRollbackMs', unit: 'ms', target: '<= 1000' },
  { name: 'stageVsCopy', unit: 'x time', target: '<= 2' },
  { name: 'lost', unit: 'messages', target: '0' },
] as const;

type Figure = (typeof FIGURES)[number] | (typeof SWAP_FIGURES)[number];

/** null: not measured. */
export type Figures = { [name in Figure['name']]?: number | null };

const DIGITS = 3;
const COLUMN = 16;

/** Prints the figures that are listed, measured or not. */
export function printFigures(listed: readonly Figure[], figures: Figures, output: 'table' | 'json'): string {
  const rounded = listed.map(({ name, unit, target }) => ({
    name,
    unit,
    target,
    value: round(figures[name] ?? null),
  }));
  if (output === 'json')
    return `${JSON.stringify(Object.fromEntries(rounded.map(({ name, value }) => [name, value])))}\n`;
  return rounded
    .map(({ name, unit, target, value }) => {
      const cells = [name, String(value ?? 'not measured'), unit, target];
      return `${cells
        .map((cell) => cell.padEnd(COLUMN))
        .join('')
        .trimEnd()}\n`;
    })
    .join('');
}

function round(value: number | null): number | null {
  return value === null ? null : Number(value.toFixed(DIGITS));
}
