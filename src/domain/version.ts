/** Orders two versions such as 1.4.0 and 1.4.0-rc.2 as Semantic Versioning 2.0.0 (clause 11) does: below 0, 0, above 0. */
export function compareVersions(a: string, b: string): number {
  const [coreA, preA] = split(a);
  const [coreB, preB] = split(b);
  const core = compareParts(coreA, coreB);
  if (core !== 0) return core;
  // A version without a suffix comes after those with one.
  if (preA.length === 0 || preB.length === 0) return preB.length - preA.length;
  return compareParts(preA, preB);
}

function split(version: string): [core: string[], pre: string[]] {
  const dash = version.indexOf('-');
  if (dash < 0) return [version.split('.'), []];
  return [version.slice(0, dash).split('.'), version.slice(dash + 1).split('.')];
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = comparePart(a[i] ?? '', b[i] ?? '');
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Numbers by value and before words; words by code units. */
function comparePart(a: string, b: string): number {
  const [numericA, numericB] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (numericA && numericB) return Number(a) - Number(b);
  if (numericA !== numericB) return numericA ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
