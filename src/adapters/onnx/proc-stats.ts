import { readFileSync } from 'node:fs';

/** A sandbox is three processes deep; more is a runner that forks, and its rest is not worth the time to count. */
const MAX_PROCESSES = 32;
/** Linux tells CPU time in these, whatever its own tick is (USER_HZ). */
const TICKS_PER_SECOND = 100;

export type ProcessUsage = { readonly rssBytes: number; readonly cpuMs: number };

/** Reads resident memory and CPU time of a process and its descendants; zeros where /proc does not tell. */
export function usageOf(pid: number): ProcessUsage {
  const usages = processTree(pid).map((each) => ({ rssBytes: rssBytes(each), cpuMs: cpuMs(each) }));
  return {
    rssBytes: usages.reduce((sum, usage) => sum + usage.rssBytes, 0),
    cpuMs: usages.reduce((sum, usage) => sum + usage.cpuMs, 0),
  };
}

/** The process and what it started: inside a sandbox the model runs in a grandchild. */
export function processTree(pid: number): number[] {
  const tree = [pid];
  for (let i = 0; i < tree.length && tree.length < MAX_PROCESSES; i++) {
    const children = read(`/proc/${tree[i]}/task/${tree[i]}/children`).split(' ');
    tree.push(...children.filter((child) => child !== '').map(Number));
  }
  return tree;
}

/** From `status`, which is in kB: `statm` counts pages, and their size differs between machines. */
function rssBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** Fields 14 and 15 of `stat` (proc(5)); the name before them may hold spaces and parentheses. */
function cpuMs(pid: number): number {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 1000) / TICKS_PER_SECOND;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
