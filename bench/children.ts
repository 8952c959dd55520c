import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

/** After this long a process that was asked to end is made to. */
const STOP_MS = 3_000;
/** How much of its log is shown when a process ended too early. */
const LOG_TAIL = 2_000;

/** As under npm run: whatever starts by its first line finds the Node that runs the benchmarks. */
const THIS_NODE_FIRST = [dirname(process.execPath), process.env['PATH']].join(delimiter);

const ORDINARY = getPriority();
/** Of the load generator, where the machine lets it: above whatever is measured. */
const AHEAD = -10;

/**
 * Lets this process, and the threads it starts from now on, run before those that it measures: on a machine with few cores a
 * sender that has to wait would be taken for an agent that makes others wait. False where that takes rights it has not.
 */
export function runAhead(): boolean {
  try {
    setPriority(AHEAD);
    return true;
  } catch {
    return false;
  }
}

export type Child = {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Just before the process was made, on performance.now(). */
  readonly startedAt: number;
  readonly logFile: string;
};

/** Every process that the benchmarks start, so that none outlives them: each is ended by its own handle. */
export class Children {
  readonly #folder: string;
  readonly #alive = new Set<ChildProcess>();
  #started = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Starts `command`; what it prints goes to a log file. With `ipc`, it and we exchange messages. */
  start(command: string, args: readonly string[], ipc = false): Child {
    const logFile = join(this.#folder, `process-${this.#started++}.log`);
    const log = openSync(logFile, 'w');
    const startedAt = performance.now();
    const child = spawn(command, args, {
      stdio: ['ignore', log, log, ...(ipc ? ['ipc' as const] : [])],
      env: { ...process.env, PATH: THIS_NODE_FIRST, ORT_DISABLE_TELEMETRY: '1', NODE_NO_WARNINGS: '1' },
    });
    closeSync(log);
    this.#alive.add(child);
    child.once('exit', () => this.#alive.delete(child));
    // A command that is not there is told by its missing pid below; without a listener the event would throw.
    child.on('error', () => this.#alive.delete(child));
    if (child.pid === undefined) throw new Error(`${command} does not start`);
    // It has inherited ours, and is still alone in its process: its threads will inherit this.
    if (getPriority() !== ORDINARY) setPriority(child.pid, ORDINARY);
    return { process: child, pid: child.pid, startedAt, logFile };
  }

  async stop(child: Child): Promise<void> {
    if (child.process.exitCode !== null || child.process.signalCode !== null) return;
    const force = setTimeout(() => child.process.kill('SIGKILL'), STOP_MS);
    const ended = once(child.process, 'exit');
    child.process.kill('SIGTERM');
    await ended;
    clearTimeout(force);
  }

  /** Rejects, with the end of its log, when the process ends by itself before `work` is done. */
  async during<T>(child: Child, work: Promise<T>): Promise<T> {
    const stop = new AbortController();
    const ended = once(child.process, 'exit', { signal: stop.signal }).then(([code, signal]) => {
      const log = readFileSync(child.logFile, 'utf8').slice(-LOG_TAIL);
      throw new Error(`${child.process.spawnargs.join(' ')} ended (${code ?? signal}):\n${log}`);
    });
    try {
      return await Promise.race([work, ended]);
    } finally {
      stop.abort();
      ended.catch(() => {});
    }
  }

  /** For the end of the program, orderly or not. */
  killAll(): void {
    for (const child of this.#alive) child.kill('SIGKILL');
  }
}
