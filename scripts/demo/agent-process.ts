import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';

const CLI = resolve(import.meta.dirname, '../../bin/openclaw-edge.js');

/** The agent drains within 8 s; who waits longer than this waits for a hang. */
const STOP_DEADLINE_MS = 10_000;

/** Enough of its log to see why it ended. */
const MAX_LOG_LENGTH = 20_000;

/** The agent as a user starts it: `openclaw-edge agent run --config FILE`, a process of its own. */
export class AgentProcess {
  readonly #folder: string;
  #process: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #log = '';

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(config: string): Promise<void> {
    const file = join(this.#folder, 'agent.yaml');
    await writeFile(file, config);
    const env = { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) };
    const started = spawn(CLI, ['agent', 'run', '--config', file], {
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    started.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-MAX_LOG_LENGTH);
    });
    this.#process = started;
    this.#exited = once(started, 'exit');
  }

  /** Undefined while it runs. */
  get exitCode(): number | undefined {
    return this.#process?.exitCode ?? undefined;
  }

  get log(): string {
    return this.#log;
  }

  /** SIGTERM, as Greengrass and systemd send it; SIGKILL when that does not help. */
  async stop(): Promise<number | undefined> {
    const running = this.#process;
    if (running === undefined) return undefined;
    if (running.exitCode === null) running.kill('SIGTERM');
    const late = setTimeout(() => running.kill('SIGKILL'), STOP_DEADLINE_MS);
    if (running.exitCode === null && running.signalCode === null) await this.#exited;
    clearTimeout(late);
    return running.exitCode ?? undefined;
  }
}
