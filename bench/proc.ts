import { readFileSync } from 'node:fs';

/** USER_HZ: what /proc/PID/stat counts CPU time in, the same on every Linux that Node runs on. */
const TICK_MS = 10;
const BYTES_PER_KB = 1024;

/** The process and all its descendants: an agent with its model runner. */
function processTree(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(processTree)];
}

/** CPU time of a process and its descendants so far, milliseconds, user and system. */
export function cpuMs(pid: number): number {
  return sum(processTree(pid).map((one) => (statField(one, 14) + statField(one, 15)) * TICK_MS));
}

/** Resident set of a process and its descendants, MB; pages that both share count twice. */
export function rssMb(pid: number): number {
  const kilobytes = processTree(pid).map((one) => {
    const rollup = readFileSync(`/proc/${one}/smaps_rollup`, 'utf8');
    return Number(/^Rss:\s+(\d+) kB/m.exec(rollup)?.[1]);
  });
  return (sum(kilobytes) * BYTES_PER_KB) / 1e6;
}

/** Node starts its children from the main thread, whose id is that of the process. */
function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** proc(5) counts fields from 1; the name, field 2, may hold spaces but ends with the last bracket. */
function statField(pid: number, field: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field - 3]);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
