import { type Failure, fail, type Result, toFailure } from '../../domain/errors.ts';
import type { DeviceCounter } from '../../domain/metrics.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Outbox } from '../../ports/outbox.ts';
import type { Counters } from '../metrics.ts';
import type { AgentControls } from './controls.ts';
import type { CommandJournal, Remembered } from './journal.ts';
import { JobLane } from './lane.ts';
import { makeReply, replyMessage } from './reply.ts';
import { LANES, type Lane, type Run, type Verb } from './verb.ts';

/** Commands of one lane that wait at most; the next one is rejected as busy. */
export const MAX_WAITING = 32;
/** A command that was running when the agent ended is started once more at most: it may be what ended it. */
const MAX_ATTEMPTS = 2;

export type ExecutorNeeds = {
  readonly thing: string;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly controls: AgentControls;
  readonly counters: Counters<DeviceCounter>;
};

/** Executes accepted commands, one at a time a lane, and puts the final reply with the memory of it in one commit. */
export class Executor {
  readonly #needs: ExecutorNeeds;
  readonly #journal: CommandJournal;
  readonly #lanes = new Map<Lane, JobLane>(LANES.map((lane) => [lane, new JobLane(MAX_WAITING)]));
  readonly #stopping = new AbortController();

  constructor(needs: ExecutorNeeds, journal: CommandJournal) {
    this.#needs = needs;
    this.#journal = journal;
  }

  full(lane: Lane): boolean {
    return this.#lanes.get(lane)?.full ?? true;
  }

  get stopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  push(entry: Remembered, verb: Verb, run: Run): void {
    this.#lanes.get(verb.lane)?.push(async () => {
      if (this.stopping) return;
      const expired = this.#needs.clock.now() >= entry.expiresAt;
      const result = expired ? fail('E_COMMAND_EXPIRED', 'while it waited') : await this.#execute(verb, run);
      if (!this.stopping) await this.#finish(entry, result);
    });
  }

  /** A restart came in between: what may be repeated is, once; the rest is told as failed. */
  async resume(entry: Remembered, verb: Verb | undefined): Promise<void> {
    const run = entry.attempt < MAX_ATTEMPTS && verb?.repeatable ? verb.prepare(entry.args) : undefined;
    if (verb === undefined || run === undefined || !run.ok) {
      return this.#finish(entry, fail('E_COMMAND_FAILED', 'interrupted by a restart'));
    }
    const again = { ...entry, attempt: entry.attempt + 1 };
    const put = await this.#needs.outbox.put([], [this.#journal.remember(again)]);
    if (put.ok) this.push(again, verb, run.value);
  }

  /** Aborts what runs and waits for it until `deadlineMs`. What has no answer yet is settled at the next start. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping.abort();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#needs.clock.after(deadlineMs, resolve);
    await Promise.race([Promise.all([...this.#lanes.values()].map((lane) => lane.drain())), late]);
    cancel();
  }

  /** Gives the run its deadline. One that ignores the signal may go on behind the next one; its answer is lost. */
  async #execute(verb: Verb, run: Run): Promise<Result<unknown>> {
    const { clock, controls } = this.#needs;
    const abort = new AbortController();
    const ended = Promise.withResolvers<Result<unknown>>();
    const end = (why: string) => {
      abort.abort();
      ended.resolve(fail('E_COMMAND_FAILED', why));
    };
    const cancel = clock.after(verb.deadlineMs, () => end(`no answer within ${verb.deadlineMs} ms`));
    const stop = () => end('the agent stops');
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    try {
      return await Promise.race([run({ controls, nowMs: clock.now(), signal: abort.signal }), ended.promise]);
    } catch (error) {
      return { ok: false, error: toFailure(error, 'E_COMMAND_FAILED') };
    } finally {
      cancel();
      this.#stopping.signal.removeEventListener('abort', stop);
    }
  }

  async #finish(entry: Remembered, result: Result<unknown>): Promise<void> {
    const { outbox, counters, log } = this.#needs;
    const { id, verb, target } = entry;
    const reply = result.ok
      ? this.#reply(entry, 'succeeded', { result: result.value })
      : this.#reply(entry, 'failed', { error: result.error });
    const fact = this.#journal.remember({ ...entry, args: undefined, reply });
    counters.inc(reply.status === 'succeeded' ? 'commandsSucceeded' : 'commandsFailed');
    log.info({ id, verb, status: reply.status, error: reply.error }, 'command finished');
    const put = await outbox.put([replyMessage(reply, target)], [fact]);
    if (put.ok) return;
    log.error({ id, verb, error: put.error }, 'reply not stored');
    await outbox.put([], [fact]); // without its answer, and still never executed twice
  }

  /** A result that JSON cannot say (a bug of a verb) is a failure, not a crash. */
  #reply(entry: Remembered, status: 'succeeded' | 'failed', outcome: { result?: unknown; error?: Failure }) {
    const { thing, clock } = this.#needs;
    const { id, verb, target } = entry;
    const content = { id, verb, thing, nowMs: clock.now(), correlationId: target.correlationId };
    try {
      return makeReply({ ...content, status, ...outcome });
    } catch (error) {
      return makeReply({ ...content, status: 'failed', error: toFailure(error) });
    }
  }
}
