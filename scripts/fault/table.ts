import type { FaultReport } from './rollout.ts';

const HEAD = ['path', 'cut off', 'found on disk', 'outcome', 'active', 'answers', 'violations'];

/** One row a device, in the order of its path. */
export function tableOf({ cuts, violations, rows }: FaultReport): string {
  const cells = rows.map((row) => [
    row.path,
    row.points.join(', then '),
    row.found.join(', then '),
    row.outcome,
    row.active,
    String(row.answers),
    row.violations.join('; ') || '-',
  ]);
  const lines = [HEAD, ...cells];
  const width = (column: number) => Math.max(...lines.map((line) => line[column]?.length ?? 0));
  const written = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(width(column)))
      .join('  ')
      .trimEnd(),
  );
  return [...written, '', `${cuts} cuts, ${violations} violations`].join('\n');
}
