import { type ChildProcess, spawn } from 'node:child_process';
import { Duplex } from 'node:stream';
import { type Failure, failure, type Result } from '../../domain/errors.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { FrameWriter } from './frame-writer.ts';
import { FrameReader, type Header } from './frames.ts';
import { logOutput } from './output-log.ts';
import { type ProcessUsage, usageOf } from './proc-stats.ts';
import { settledWithin } from './settled-within.ts';

export type Launch = {
  /** Program and arguments; fd 3 must reach the runner. */
  readonly argv: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, string>>;
};

export type RunnerProcessOptions = {
  readonly launch: Launch;
  readonly memoryBytes: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once, however it ends. */
  readonly onEnd: (reason: Failure) => void;
};

/** What one question may be answered with: says where the body of an answer goes, or why it is no answer. */
export type Expect = (answer: Header) => Uint8Array | string;
export type Answer = { readonly header: Header; readonly body: Uint8Array };
type Question = {
  readonly id: number;
  readonly expect: Expect;
  readonly settle: (answer: Result<Answer>) => void;
  cancelDeadline: Cancel;
};

const PIPE_FD = 3;
/**
 * At its deadline an answer may be here and not read yet: a process that was held up itself, by a slow disk or by whoever
 * stops it, finds its timers due first. A runner that answered in time must not be ended for that, nor its model blamed.
 */
const LAST_LOOK_MS = 100;
const MEMORY_POLL_MS = 250;
/** The exit code follows the end of the pipe within this; a runner that closed its pipe and lives on is ended. */
const EXIT_AFTER_CLOSE_MS = 200;
/** Even SIGKILL waits for a process that hangs in the kernel: the agent does not. */
const KILL_GRACE_MS = 500;

/** One life of a runner process: asks it one question at a time, watches it, and ends it on the first fault. */
export class RunnerProcess {
  readonly #options: RunnerProcessOptions;
  readonly #child: ChildProcess;
  readonly #pipe: Duplex;
  readonly #gone: Promise<void>;
  readonly #writer: FrameWriter;
  /** What waits on the clock for as long as it lives. */
  readonly #waits: Cancel[] = [];
  #question: Question | undefined;
  #lastId = 0;
  #ended: Failure | undefined;
  #closing: Failure | undefined;
  #exitSeen = false;
  #cpuMs = 0;

  private constructor(child: ChildProcess, pipe: Duplex, options: RunnerProcessOptions) {
    this.#options = options;
    this.#child = child;
    this.#pipe = pipe;
    this.#writer = new FrameWriter(pipe);
    this.#gone = new Promise((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
  }

  /** Starts a process. Throws when the system has none to give (no memory, no descriptors). */
  static spawn(options: RunnerProcessOptions): RunnerProcess {
    const [program, ...args] = options.launch.argv;
    const child = spawn(program, args, { env: options.launch.env, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
    // Undefined, whatever the types say, when there is no descriptor left for a pipe.
    const pipe: unknown = child.stdio?.[PIPE_FD];
    if (!(pipe instanceof Duplex)) {
      child.on('error', () => {});
      throw new Error('no descriptors are left for its pipes');
    }
    const runner = new RunnerProcess(child, pipe, options);
    runner.#watchEnd();
    runner.#watchOutput();
    runner.#watchMemory();
    runner.#readAnswers();
    return runner;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Memory now, and CPU time so far; of an ended process, the CPU time when last asked. */
  usage(): ProcessUsage {
    const now = this.pid === undefined || this.#exitSeen ? { rssBytes: 0, cpuMs: 0 } : usageOf(this.pid);
    this.#cpuMs = Math.max(this.#cpuMs, now.cpuMs);
    return { rssBytes: now.rssBytes, cpuMs: this.#cpuMs };
  }

  /** Sends a frame and waits for its answer, at most `deadlineMs` and a last look; beyond it the process is ended. Never rejects. */
  ask(
    { type, count }: Pick<Header, 'type' | 'count'>,
    body: readonly Uint8Array[],
    expect: Expect,
    deadlineMs: number,
  ): Promise<Result<Answer>> {
    if (this.#ended !== undefined) return Promise.resolve({ ok: false, error: this.#ended });
    this.#lastId = (this.#lastId + 1) >>> 0;
    const id = this.#lastId;
    return new Promise((settle) => {
      const { clock } = this.#options;
      const dueMs = clock.monotonic() + deadlineMs;
      const late = () => this.end(failure('E_RUNNER_TIMEOUT', `${deadlineMs} ms`));
      const lookAgain = () => {
        // Whoever held us up may have held up the runner too: it gets back what it lost, up to the whole deadline.
        const heldUpMs = clock.monotonic() - dueMs;
        question.cancelDeadline = clock.after(LAST_LOOK_MS + Math.min(heldUpMs, deadlineMs), late);
      };
      const question: Question = { id, expect, settle, cancelDeadline: clock.after(deadlineMs, lookAgain) };
      this.#question = question;
      this.#writer.send({ type, count, id }, ...body);
    });
  }

  /** Kills the process for this reason, which also answers the question in flight. Only the first call counts. */
  end(reason: Failure): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    for (const cancel of this.#waits) cancel();
    this.#options.onEnd(reason);
    this.#child.kill('SIGKILL');
    this.#pipe.destroy();
    this.#answer({ ok: false, error: reason });
  }

  /** Closes the pipe, upon which a healthy runner answers what it has and ends; after `deadlineMs` it is killed. */
  async close(reason: Failure, deadlineMs: number): Promise<void> {
    this.#closing = reason;
    this.#pipe.end();
    const { clock } = this.#options;
    await settledWithin(this.#gone, deadlineMs, clock);
    this.end(reason);
    await settledWithin(this.#gone, KILL_GRACE_MS, clock);
  }

  #readAnswers(): void {
    const { clock } = this.#options;
    const reader = new FrameReader(
      (header) => (header.id === this.#question?.id ? this.#question.expect(header) : 'an answer to no question'),
      (header, body) => this.#answer({ ok: true, value: { header, body } }),
    );
    this.#pipe.on('data', (piece: Buffer) => {
      const broken = reader.push(piece);
      if (broken !== undefined) this.end(failure('E_RUNNER_PROTOCOL', broken));
    });
    const closed = () => this.end(failure('E_RUNNER_CRASHED', 'it closed its pipe'));
    this.#pipe.once('close', () => {
      if (this.#ended === undefined) this.#waits.push(clock.after(EXIT_AFTER_CLOSE_MS, closed));
    });
    // Writing to a process that has died; its end is told by itself.
    this.#pipe.on('error', () => {});
  }

  #answer(answer: Result<Answer>): void {
    const question = this.#question;
    this.#question = undefined;
    question?.cancelDeadline();
    question?.settle(answer);
  }

  #watchEnd(): void {
    // From the exit on the process id may be another's; only after the close all that it said has been read.
    this.#child.once('exit', () => {
      this.#exitSeen = true;
    });
    this.#child.once('close', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
      this.end(this.#closing ?? failure('E_RUNNER_CRASHED', how));
    });
    this.#child.on('error', (error) => this.end(failure('E_RUNNER_CRASHED', error.message, error)));
  }

  #watchOutput(): void {
    const { log, clock } = this.#options;
    const flooded = () => this.end(failure('E_RUNNER_PROTOCOL', 'a flood of output'));
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) logOutput(stream, log, clock, flooded);
    }
  }

  #watchMemory(): void {
    const { memoryBytes, clock } = this.#options;
    if (memoryBytes === undefined) return;
    const poll = () => {
      const { rssBytes } = this.usage();
      if (rssBytes > memoryBytes) {
        this.end(failure('E_RUNNER_MEMORY', `${mib(rssBytes)} of ${mib(memoryBytes)} MiB`));
      }
    };
    this.#waits.push(clock.every(MEMORY_POLL_MS, poll));
  }
}

function mib(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}
