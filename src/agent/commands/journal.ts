import { z } from 'zod';
import type { Reply } from '../../domain/command.ts';
import type { Fact } from '../../ports/outbox.ts';
import { CLOCK_SKEW_MS, type ReplyTarget } from './envelope.ts';

export const FACT_PREFIX = 'cmd/';

/** Ids kept at most. A command a minute with a day to live is 1,440; most live for minutes. */
const MAX_REMEMBERED = 1_000;
/** A larger result is told once and not kept; a repeated command is then answered without it. */
const MAX_KEPT_REPLY_BYTES = 2_048;
/** Larger arguments are not kept: such a command is not executed again after a restart. */
const MAX_KEPT_ARGS_BYTES = 2_048;
/** Facts forgotten at once: bounds the size of the commit. */
const MAX_FORGOTTEN_AT_ONCE = 64;

/** What is remembered of a command, until it can no longer be executed. */
export type Remembered = {
  readonly id: string;
  readonly verb: string;
  readonly expiresAt: number;
  readonly target: ReplyTarget;
  /** How often it was started. */
  readonly attempt: number;
  /** Kept for a second attempt after a restart. */
  readonly args: Readonly<Record<string, unknown>> | undefined;
  /** The final reply; undefined while it waits or runs. */
  readonly reply: Reply | undefined;
};

const STORED = z.object({
  verb: z.string(),
  status: z.enum(['accepted', 'done']),
  expiresAt: z.number(),
  topic: z.string(),
  correlationData: z.base64().optional(),
  correlationId: z.string().optional(),
  attempt: z.int(),
  args: z.record(z.string(), z.unknown()).optional(),
  reply: z.custom<Reply>((value) => typeof value === 'object' && value !== null).optional(),
});

/**
 * The commands that were accepted, so that none is executed twice. Each entry is a durable fact of the outbox; this
 * keeps them in memory and says what to write. An entry may go once its command has expired, by the allowed skew.
 */
export class CommandJournal {
  readonly #entries = new Map<string, Remembered>();

  /** Takes up the facts of the last run. Gives back how to forget those it cannot read. */
  load(facts: ReadonlyMap<string, string>): readonly Fact[] {
    const unreadable: Fact[] = [];
    for (const [name, value] of facts) {
      const entry = decode(name.slice(FACT_PREFIX.length), value);
      if (entry === undefined) unreadable.push({ name, value: null });
      else this.#entries.set(entry.id, entry);
    }
    return unreadable.slice(0, MAX_FORGOTTEN_AT_ONCE);
  }

  get(id: string): Remembered | undefined {
    return this.#entries.get(id);
  }

  get unfinished(): readonly Remembered[] {
    return [...this.#entries.values()].filter((entry) => entry.reply === undefined);
  }

  get full(): boolean {
    return this.#entries.size >= MAX_REMEMBERED;
  }

  /** Remembers the entry, in place of the one of the same id. The fact says the same durably. */
  remember(entry: Remembered): Fact {
    const kept = { ...entry, args: smallArgs(entry.args), reply: smallReply(entry.reply) };
    this.#entries.set(entry.id, kept);
    return { name: FACT_PREFIX + entry.id, value: encode(kept) };
  }

  /** Forgets an entry that did not become durable. */
  undo(id: string): void {
    this.#entries.delete(id);
  }

  /** Forgets the expired ones, the oldest first, a bounded number at once. */
  purge(nowMs: number): readonly Fact[] {
    const gone = [];
    for (const [id, { expiresAt, reply }] of this.#entries) {
      if (reply === undefined || nowMs <= expiresAt + CLOCK_SKEW_MS) continue;
      gone.push({ name: FACT_PREFIX + id, value: null });
      if (gone.length === MAX_FORGOTTEN_AT_ONCE) break;
    }
    for (const { name } of gone) this.#entries.delete(name.slice(FACT_PREFIX.length));
    return gone;
  }
}

function smallArgs(args: Remembered['args']): Remembered['args'] {
  return args !== undefined && Buffer.byteLength(JSON.stringify(args)) <= MAX_KEPT_ARGS_BYTES ? args : undefined;
}

function smallReply(reply: Reply | undefined): Reply | undefined {
  if (reply === undefined || Buffer.byteLength(JSON.stringify(reply)) <= MAX_KEPT_REPLY_BYTES) return reply;
  const { result: _, ...rest } = reply;
  return { ...rest, truncated: true };
}

function encode({ id: _, target, reply, ...rest }: Remembered): string {
  const { topic, correlationId, correlationData } = target;
  const data = correlationData && Buffer.from(correlationData).toString('base64');
  const status = reply === undefined ? 'accepted' : 'done';
  return JSON.stringify({ ...rest, status, topic, correlationId, correlationData: data, reply });
}

function decode(id: string, value: string): Remembered | undefined {
  const read = STORED.safeParse(parse(value));
  if (!read.success) return undefined;
  const { topic, correlationId, correlationData, reply, status, args, ...rest } = read.data;
  if ((status === 'done') !== (reply !== undefined)) return undefined;
  const data = correlationData === undefined ? undefined : new Uint8Array(Buffer.from(correlationData, 'base64'));
  return { ...rest, id, args, reply, target: { topic, correlationId, correlationData: data } };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
