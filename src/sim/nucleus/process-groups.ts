import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Time } from '../pace.ts';

/** In the environment of every process of a nucleus: how leftovers of one that was killed are known. */
const MARK = 'SIMULATED_NUCLEUS';
/** How often is looked whether a group has ended. */
const POLL_MS = 20;
/** After SIGKILL nothing can stay for long. */
const KILL_DEADLINE_MS = 5_000;

export type Launch = {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
};

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** One process that leads a group of its own, with everything it starts. */
export type ProcessGroup = {
  readonly pid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** End of the first process; others of the group may live on. What cannot be started at all ends with code 127. */
  readonly exited: Promise<Exit>;
  /** Ends the whole group: asks it to, and kills what is left after `graceMs`. */
  end(graceMs: number): Promise<void>;
};

/** All processes of one nucleus. Whatever happens, none of them is forgotten. */
export class ProcessGroups {
  readonly #mark: string;
  readonly #time: Time;
  readonly #live = new Set<number>();
  #isDead = false;

  constructor(root: string, time: Time) {
    this.#mark = root;
    this.#time = time;
  }

  start({ command, args, cwd, env }: Launch): ProcessGroup {
    if (this.#isDead) return stillborn();
    const child = spawn(command, args, {
      cwd,
      env: { ...env, [MARK]: this.#mark },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const { pid } = child;
    if (pid !== undefined) this.#live.add(pid);
    const exited = new Promise<Exit>((resolve) => {
      child.once('error', () => resolve({ code: 127, signal: null }));
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    const end = async (graceMs: number) => {
      if (pid !== undefined) await this.#end(pid, graceMs);
      child.stdout.destroy();
      child.stderr.destroy();
    };
    return { pid, stdout: child.stdout, stderr: child.stderr, exited, end };
  }

  /** SIGKILL for everything at once, as when the power fails. Nothing can be started after it. */
  async killAll(): Promise<void> {
    this.#isDead = true;
    for (const pid of this.#live) signal(pid, 'SIGKILL');
    await Promise.all([...this.#live].map((pid) => this.#gone(pid, KILL_DEADLINE_MS)));
    await this.killLeftovers();
  }

  /** Kills what bears our mark and is nobody's any more: of a nucleus that was killed, or what left its group. */
  async killLeftovers(): Promise<void> {
    for (const pid of await markedProcesses(`${MARK}=${this.#mark}`)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
  }

  async #end(pid: number, graceMs: number): Promise<void> {
    signal(pid, 'SIGTERM');
    if (!(await this.#gone(pid, graceMs))) {
      signal(pid, 'SIGKILL');
      await this.#gone(pid, KILL_DEADLINE_MS);
    }
    this.#live.delete(pid);
  }

  async #gone(pid: number, withinMs: number): Promise<boolean> {
    const deadline = this.#time.monotonic() + withinMs;
    while (await isThere(pid)) {
      if (this.#time.monotonic() >= deadline) return false;
      await this.#time.sleep(POLL_MS);
    }
    return true;
  }
}

function signal(group: number, name: NodeJS.Signals): void {
  try {
    process.kill(-group, name);
  } catch {
    // The group has ended.
  }
}

/** Whether a process of the group lives; those that are dead, and that nobody has waited for yet, do not count. */
async function isThere(group: number): Promise<boolean> {
  try {
    process.kill(-group, 0);
  } catch {
    return false;
  }
  const stats = await Promise.all(
    (await processes()).map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')),
  );
  // pid (name) state parent group: the name may hold anything, a ) too.
  const members = stats.map((stat) => stat.slice(stat.lastIndexOf(')') + 2).split(' '));
  const ours = members.filter(([, , of]) => Number(of) === group);
  return ours.length === 0 || ours.some(([state]) => state !== 'Z');
}

async function processes(): Promise<readonly number[]> {
  return (await readdir('/proc').catch(() => [])).map(Number).filter((pid) => pid > 1 && pid !== process.pid);
}

/** What is started when all has ended: it ends at once. */
function stillborn(): ProcessGroup {
  const nothing = () => Readable.from([]);
  return { pid: undefined, stdout: nothing(), stderr: nothing(), exited: Promise.resolve(KILLED), end: async () => {} };
}

const KILLED: Exit = { code: null, signal: 'SIGKILL' };

/** Linux only: elsewhere a nucleus that was killed leaves its processes to the user. */
async function markedProcesses(mark: string): Promise<number[]> {
  const marked = await Promise.all(
    (await processes()).map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return environment.split('\0').includes(mark) ? [pid] : [];
    }),
  );
  return marked.flat();
}
