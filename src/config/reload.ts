import type { Config } from './config.ts';

/** What differs between two configurations: what a running device takes up, and what needs a restart. */
export type ReloadPlan = {
  readonly applied: readonly string[];
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
};

/** The paths whose fields the schema calls reloadable. */
const RELOADABLE = /^(log\.level|agents\[\d+\]\.decisions\b.*)$/;

/** Compares two configurations field by field. Agents that come, go or change places need a restart as a whole. */
export function planReload(before: Config, after: Config): ReloadPlan {
  const names = ({ agents }: Config) => agents.map(({ name }) => name).join(', ');
  if (names(before) !== names(after)) {
    return { applied: [], refused: [{ path: 'agents', reason: 'agents come, go and change places at a restart' }] };
  }
  const changed = differences('', before, after);
  return {
    applied: changed.filter((path) => RELOADABLE.test(path)),
    refused: changed
      .filter((path) => !RELOADABLE.test(path))
      .map((path) => ({ path, reason: 'takes effect at the next start' })),
  };
}

function differences(path: string, before: unknown, after: unknown): string[] {
  if (Object.is(before, after)) return [];
  if (!isTree(before) || !isTree(after)) return [path];
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys].flatMap((key) => differences(join(path, key, Array.isArray(before)), before[key], after[key]));
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function join(path: string, key: string, inList: boolean): string {
  if (inList) return `${path}[${key}]`;
  return path === '' ? key : `${path}.${key}`;
}
