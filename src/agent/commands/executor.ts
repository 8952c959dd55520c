import { type Failure, fail, toFailure } from '../../domain/errors.ts';
import type { DeviceCounter } from '../../domain/metrics.ts';
import type { Route } from '../../domain/route.ts';
import type { Audit } from '../../ports/audit.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Outbox } from '../../ports/outbox.ts';
import type { Counters } from '../metrics.ts';
import type { AgentControls } from './controls.ts';
import type { CommandJournal, Remembered } from './journal.ts';
import { JobLane } from './lane.ts';
import { makeReply, replyMessage } from './reply.ts';
import { auditCommand, type CommandFacts } from './trail.ts';
import { type Ended, LANES, type Lane, type Run, type Verb } from './verb.ts';

/** Commands of one lane that wait at most; the next one is rejected as busy. */
export const MAX_WAITING = 32;
/** A command that was running when the agent ended is started once more at most, as a rule: it may be what ended it. */
const MAX_ATTEMPTS = 2;

export type ExecutorNeeds = {
  readonly thing: string;
  /** The bus that commands come by, and are answered on; undefined: that of topics which name none. */
  readonly route?: Route | undefined;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly controls: AgentControls;
  readonly counters: Counters<DeviceCounter>;
  /** Where every command is written down; undefined: nowhere. */
  readonly audit?: Audit | undefined;
};

/** A command of this machine, whose sender waits for the answer here. */
export type LocalCommand = {
  readonly id: string;
  readonly verb: Verb;
  readonly run: Run;
  /** Aborted when the sender waits no more. */
  readonly signal: AbortSignal;
};

/** Executes accepted commands, as many at a time as their lane allows, and puts the final reply with the memory of it in one commit. */
export class Executor {
  readonly #needs: ExecutorNeeds;
  readonly #journal: CommandJournal;
  readonly #lanes = new Map(
    Object.entries(LANES).map(([lane, beside]) => [lane as Lane, new JobLane(MAX_WAITING, beside)]),
  );
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
      const result = expired
        ? fail('E_COMMAND_EXPIRED', 'while it waited')
        : await this.#execute({ id: entry.id, verb, run });
      if (!this.stopping) await this.#finish(entry, result);
    });
  }

  /** A restart came in between: what may be repeated is, once; the rest is told as failed. */
  async resume(entry: Remembered, verb: Verb | undefined): Promise<void> {
    const attempts = verb?.attempts ?? MAX_ATTEMPTS;
    const run = entry.attempt < attempts && verb?.repeatable ? verb.prepare(entry.args) : undefined;
    if (verb === undefined || run === undefined || !run.ok) {
      return this.#finish(entry, fail('E_COMMAND_FAILED', 'interrupted by a restart'));
    }
    const again = { ...entry, attempt: entry.attempt + 1 };
    const put = await this.#needs.outbox.put([], [this.#journal.remember(again)]);
    if (put.ok) this.push(again, verb, run.value);
  }

  /** Executes a command in its turn. It is not remembered: its sender sees whether it was executed, and is on this machine. */
  runHere(command: LocalCommand): Promise<Ended> {
    const { promise, resolve } = Promise.withResolvers<Ended>();
    const stop = () => resolve(fail('E_COMMAND_FAILED', 'the agent stops'));
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    this.#lanes.get(command.verb.lane)?.push(async () => {
      const gone = this.stopping || command.signal.aborted;
      resolve(gone ? fail('E_COMMAND_FAILED', 'nobody waits for it') : await this.#execute(command));
      this.#stopping.signal.removeEventListener('abort', stop);
    });
    return promise;
  }

  /** Writes down a step of a command. Not waited for: the disk must not hold up a command. */
  audit(facts: CommandFacts): void {
    const { audit, clock, route } = this.#needs;
    void audit?.append(auditCommand(clock.now(), facts.by === 'mqtt' ? { ...facts, bus: route } : facts));
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
  async #execute({ id, verb, run, signal }: Omit<LocalCommand, 'signal'> & Partial<LocalCommand>): Promise<Ended> {
    const { clock, controls } = this.#needs;
    const abort = new AbortController();
    const ended = Promise.withResolvers<Ended>();
    const end = (why: string) => {
      abort.abort();
      ended.resolve(fail('E_COMMAND_FAILED', why));
    };
    const cancel = clock.after(verb.deadlineMs, () => end(`no answer within ${verb.deadlineMs} ms`));
    const stop = () => end('the agent stops');
    const leave = () => end('nobody waits for it');
    this.#stopping.signal.addEventListener('abort', stop, { once: true });
    signal?.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([run({ controls, id, nowMs: clock.now(), signal: abort.signal }), ended.promise]);
    } catch (error) {
      return { ok: false, error: toFailure(error, 'E_COMMAND_FAILED') };
    } finally {
      cancel();
      this.#stopping.signal.removeEventListener('abort', stop);
      signal?.removeEventListener('abort', leave);
    }
  }

  async #finish(entry: Remembered, ended: Ended): Promise<void> {
    const { outbox, counters, log, route } = this.#needs;
    const { id, verb, target } = entry;
    const reply = ended.ok
      ? this.#reply(entry, 'succeeded', { result: ended.value })
      : this.#reply(entry, 'failed', { error: ended.error, result: ended.result });
    const fact = this.#journal.remember({ ...entry, args: undefined, reply });
    counters.inc(reply.status === 'succeeded' ? 'commandsSucceeded' : 'commandsFailed');
    log.info({ id, verb, status: reply.status, error: reply.error }, 'command finished');
    this.audit({
      id,
      verb,
      by: 'mqtt',
      status: ended.ok ? 'succeeded' : 'failed',
      error: ended.ok ? undefined : ended.error,
    });
    const put = await outbox.put([replyMessage(reply, target, route)], [fact]);
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
