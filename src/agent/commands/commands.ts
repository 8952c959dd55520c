import type { Command, Reply, ReplyStatus } from '../../domain/command.ts';
import { type Failure, fail, failure, ok, type Result } from '../../domain/errors.ts';
import type { OutMessage } from '../../domain/message.ts';
import { joinRoute } from '../../domain/route.ts';
import type { Incoming, Messaging } from '../../ports/bus.ts';
import { Budget } from './budget.ts';
import { type Addressed, type ReplyTarget, readCommand } from './envelope.ts';
import { Executor, type ExecutorNeeds, MAX_WAITING } from './executor.ts';
import { CommandJournal, FACT_PREFIX, type Remembered } from './journal.ts';
import { makeReply, replyMessage } from './reply.ts';
import { commandFilter } from './topics.ts';
import type { Ended, Run, Verb } from './verb.ts';
import { VERBS } from './verbs.ts';

/** Rejections and repeated answers pass the outbox before alarms would: no sender gets to fill it, or the log. */
const UNASKED_REPLIES_PER_MINUTE = 60;

export type CommandsNeeds = ExecutorNeeds & {
  readonly bus: Pick<Messaging, 'subscribe'>;
  /** Topic filters of everything that devices act upon now: inputs, actuators. No reply goes there. */
  readonly forbiddenReplies: () => readonly string[];
  readonly verbs?: readonly Verb[];
};

/** A command that nothing speaks against. */
type Ready = Addressed & { readonly id: string; readonly command: Command; readonly verb: string; run: Run; of: Verb };

/**
 * Takes commands from the bus. Each is read, checked, persisted with its `accepted` reply in one commit, acknowledged,
 * and then executed once. What is refused is told so, where the sender can be told.
 */
export class Commands {
  readonly #needs: CommandsNeeds;
  readonly #verbs: ReadonlyMap<string, Verb>;
  readonly #journal = new CommandJournal();
  readonly #executor: Executor;
  readonly #budget = new Budget(UNASKED_REPLIES_PER_MINUTE);

  constructor(needs: CommandsNeeds) {
    this.#needs = needs;
    this.#verbs = new Map((needs.verbs ?? VERBS).map((verb) => [verb.verb, verb]));
    this.#executor = new Executor(needs, this.#journal);
  }

  /** Settles what the last run left unfinished, then listens. The outbox is open and the agents are there. */
  async start(): Promise<void> {
    const { outbox, bus, thing, route } = this.#needs;
    const unreadable = this.#journal.load(outbox.facts(FACT_PREFIX));
    if (unreadable.length > 0) await outbox.put([], unreadable);
    for (const entry of this.#journal.unfinished) await this.#executor.resume(entry, this.#verbs.get(entry.verb));
    const filter = route === undefined ? commandFilter(thing) : joinRoute(route, commandFilter(thing));
    bus.subscribe(filter, 1, (message) => this.#receive(message));
  }

  /** Aborts what runs and waits for it until `deadlineMs`. What has no answer yet is settled at the next start. */
  async stop(deadlineMs: number): Promise<void> {
    await this.#executor.stop(deadlineMs);
  }

  /** Holds the bus back only for what must be durable: an accepted command. */
  async #receive(message: Incoming): Promise<void> {
    const { clock, thing, forbiddenReplies } = this.#needs;
    const read = readCommand(message, { thing, nowMs: clock.now(), forbiddenReplies: forbiddenReplies() });
    const known = read.id === undefined ? undefined : this.#journal.get(read.id);
    if (known !== undefined) return this.#repeat(known, read);
    if (message.retained) return this.#reject(read, failure('E_COMMAND_MALFORMED', 'commands must not be retained'));
    if (!read.command.ok) return this.#reject(read, read.command.error);
    const ready = this.#check(read, read.command.value);
    if (!ready.ok) return this.#reject(read, ready.error);
    await this.#accept(ready.value);
  }

  /** Executes a command of this machine, in its turn among those of the bus, until `signal` says that nobody waits for it. */
  async execute(
    verb: string,
    args: Readonly<Record<string, unknown>>,
    { id, signal }: { readonly id: string; readonly signal: AbortSignal },
  ): Promise<Ended> {
    const { counters, log } = this.#needs;
    const facts = { id, verb, by: 'local', args } as const;
    const prepared = this.#prepare(verb, args);
    if (!prepared.ok) {
      counters.inc('commandsRejected');
      if (this.#budget.take(this.#needs.clock.monotonic()))
        this.#executor.audit({ ...facts, status: 'rejected', error: prepared.error });
      return prepared;
    }
    const { of, run } = prepared.value;
    // Looking is not worth a line each time: whoever waits for a rollout looks every second.
    const quiet = of.lane === 'read';
    counters.inc('commandsAccepted');
    if (!quiet) this.#executor.audit({ ...facts, status: 'accepted' });
    const ended = await this.#executor.runHere({ id, verb: of, run, signal });
    counters.inc(ended.ok ? 'commandsSucceeded' : 'commandsFailed');
    const error = ended.ok ? undefined : ended.error;
    if (!quiet) log.info({ id, verb, code: error?.code }, 'local command finished');
    if (!quiet) this.#executor.audit({ ...facts, status: ended.ok ? 'succeeded' : 'failed', error });
    return ended;
  }

  /** Everything about a command that does not depend on where it came from. */
  #prepare(name: string, args: Readonly<Record<string, unknown>>): Result<{ of: Verb; run: Run }> {
    const verb = this.#verbs.get(name);
    if (verb === undefined) return fail('E_COMMAND_UNKNOWN', name);
    const run = verb.prepare(args);
    if (!run.ok) return run;
    const agent = args['agent'];
    if (typeof agent === 'string' && !this.#needs.controls.agents.has(agent)) {
      return fail('E_COMMAND_FOREIGN', `there is no agent ${agent}`);
    }
    if (this.#executor.stopping) return fail('E_COMMAND_BUSY', 'the agent stops');
    if (this.#executor.full(verb.lane)) return fail('E_COMMAND_BUSY', `${MAX_WAITING} commands wait`);
    return ok({ of: verb, run: run.value });
  }

  #check(addressed: Addressed, command: Command): Result<Ready> {
    const prepared = this.#prepare(command.verb, command.args);
    if (!prepared.ok) return prepared;
    this.#forgetExpired();
    if (this.#journal.full) return fail('E_COMMAND_BUSY', 'too many are not yet expired');
    return ok({ ...addressed, id: command.id, command, ...prepared.value });
  }

  async #accept({ id, verb, command, target, run, of }: Ready): Promise<void> {
    const { outbox, counters, log } = this.#needs;
    const { expiresAt } = command;
    const args = of.repeatable ? command.args : undefined;
    const entry: Remembered = { id, verb, expiresAt, target, attempt: 1, args, reply: undefined };
    const fact = this.#journal.remember(entry);
    const put = await outbox.put([this.#answer(this.#reply(id, verb, 'accepted', entry), target)], [fact]);
    if (!put.ok) {
      // Not durable, so not accepted: the sender hears nothing, and may send it again.
      this.#journal.undo(id);
      counters.inc('commandsRejected');
      log.error({ id, verb, error: put.error }, 'command not accepted');
      return;
    }
    counters.inc('commandsAccepted');
    log.info({ id, verb, replyTo: target.topic }, 'command accepted');
    this.#executor.audit({ id, verb, by: 'mqtt', status: 'accepted', args: command.args });
    this.#executor.push(entry, of, run);
  }

  /** Answers a command that came again: from memory when it is done, with `accepted` while it is not. */
  #repeat({ id, verb, reply: done }: Remembered, addressed: Addressed): void {
    const { counters, log, outbox } = this.#needs;
    counters.inc('commandsRepeated');
    if (!this.#mayAnswer()) return;
    log.info({ id, verb, done: done !== undefined }, 'command repeated');
    const { target } = addressed;
    const reply = done === undefined ? this.#reply(id, verb, 'accepted', addressed) : correlate(done, target);
    void outbox.put([this.#answer(reply, target)]);
  }

  #reject(addressed: Addressed, error: Failure): void {
    const { counters, log, outbox } = this.#needs;
    const { id, verb, target } = addressed;
    counters.inc('commandsRejected');
    if (!this.#mayAnswer()) return;
    log.warn({ id, verb, code: error.code, reason: error.message }, 'command rejected');
    this.#executor.audit({ id, verb, by: 'mqtt', status: 'rejected', error });
    if (id === undefined) counters.inc('repliesWithheld');
    else void outbox.put([this.#answer(this.#reply(id, verb, 'rejected', addressed, error), target)]);
  }

  #answer(reply: Reply, target: ReplyTarget): OutMessage {
    return replyMessage(reply, target, this.#needs.route);
  }

  #mayAnswer(): boolean {
    const may = this.#budget.take(this.#needs.clock.monotonic());
    if (!may) this.#needs.counters.inc('repliesWithheld');
    return may;
  }

  #forgetExpired(): void {
    const { outbox, clock } = this.#needs;
    const forgotten = this.#journal.purge(clock.now());
    // Not waited for: what stays on disk is found expired, and forgotten, after the next start.
    if (forgotten.length > 0) void outbox.put([], forgotten);
  }

  #reply(id: string, verb: string, status: ReplyStatus, { target }: Pick<Addressed, 'target'>, error?: Failure) {
    const { thing, clock } = this.#needs;
    return makeReply({ id, verb, status, thing, nowMs: clock.now(), correlationId: target.correlationId, error });
  }
}

/** A stored reply for whoever asks now: it carries the correlation of this request, not of the first one. */
function correlate({ correlationId: _, ...reply }: Reply, { correlationId }: ReplyTarget): Reply {
  return correlationId === undefined ? reply : { ...reply, correlationId };
}
