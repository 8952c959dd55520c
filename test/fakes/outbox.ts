import { type Failure, fail, ok, type Result } from '../../src/domain/errors.ts';
import { MESSAGE_CLASSES, type MessageClass, type OutMessage } from '../../src/domain/message.ts';
import { type Route, splitRoute } from '../../src/domain/route.ts';
import type { Fact, Outbox, OutboxRow, OutboxStats } from '../../src/ports/outbox.ts';

export type FakeOutboxOptions = { maxBytes?: number; maxRows?: number; maxFacts?: number; maxTries?: number };

/** An outbox in memory. What it holds survives stop and start, as a file would. */
export class FakeOutbox implements Outbox {
  /** Set to let every put fail with it, as a full or broken disk would. */
  refuse: Failure | undefined;
  /** Facts and messages of each put that was asked for, in order. */
  readonly puts: { messages: readonly OutMessage[]; facts: readonly Fact[] }[] = [];
  readonly quarantine: { row: OutboxRow; reason: Failure }[] = [];
  readonly #limits: Required<FakeOutboxOptions>;
  readonly #facts = new Map<string, string>();
  readonly #listeners = new Set<() => void>();
  readonly #dropped = perClass();
  #rows: OutboxRow[] = [];
  #seq = 0;
  #running = false;

  constructor({ maxBytes = 64e6, maxRows = 100_000, maxFacts = 10_000, maxTries = 8 }: FakeOutboxOptions = {}) {
    this.#limits = { maxBytes, maxRows, maxFacts, maxTries };
  }

  async start(): Promise<{ readonly movedAside: string | undefined }> {
    this.#running = true;
    return { movedAside: undefined };
  }

  async stop(): Promise<void> {
    this.#running = false;
  }

  async put(messages: readonly OutMessage[], facts: readonly Fact[] = []): Promise<Result<void>> {
    if (!this.#running) return fail('E_OUTBOX_CLOSED');
    this.puts.push({ messages, facts });
    if (this.refuse !== undefined) return { ok: false, error: this.refuse };
    const fresh = messages.filter(
      (message, i) =>
        !this.#rows.some((row) => row.id === message.id) && messages.findIndex((m) => m.id === message.id) === i,
    );
    if (!this.#makeRoom(fresh)) return fail('E_OUTBOX_FULL');
    for (const message of fresh) this.#rows.push({ ...message, seq: ++this.#seq, tries: 0 });
    for (const fact of facts) this.#write(fact);
    if (fresh.length > 0) for (const listener of this.#listeners) listener();
    return ok(undefined);
  }

  next(afterSeq: number, limit: number, routes?: readonly (Route | undefined)[]): readonly OutboxRow[] {
    if (!this.#running) return [];
    const wanted = ({ topic }: OutboxRow) => routes === undefined || routes.includes(splitRoute(topic).route);
    return this.#rows.filter((row) => row.seq > afterSeq && wanted(row)).slice(0, limit);
  }

  done(seqs: readonly number[]): void {
    if (this.#running) this.#rows = this.#rows.filter((row) => !seqs.includes(row.seq));
  }

  failed(seq: number, reason: Failure): boolean {
    const row = this.#rows.find((candidate) => candidate.seq === seq);
    if (!this.#running || row === undefined) return false;
    const tried = { ...row, tries: row.tries + 1 };
    if (tried.tries >= this.#limits.maxTries) {
      this.done([seq]);
      this.quarantine.push({ row: tried, reason });
      return true;
    }
    this.#rows = this.#rows.map((candidate) => (candidate.seq === seq ? tried : candidate));
    return false;
  }

  facts(prefix: string): ReadonlyMap<string, string> {
    if (!this.#running) return new Map();
    return new Map([...this.#facts].filter(([name]) => name.startsWith(prefix)).sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  stats(): OutboxStats {
    const rowsByClass = perClass();
    for (const row of this.#rows) rowsByClass[row.class]++;
    return {
      newestSeq: this.#seq,
      rows: this.#rows.length,
      rowsByClass,
      bytes: bytesOf(this.#rows),
      dropped: { ...this.#dropped },
      quarantined: this.quarantine.length,
      damaged: 0,
    };
  }

  onPut(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #makeRoom(fresh: readonly OutMessage[]): boolean {
    const rank = Math.max(-1, ...fresh.map((message) => MESSAGE_CLASSES.indexOf(message.class)));
    const victims = this.#rows
      .filter((row) => MESSAGE_CLASSES.indexOf(row.class) <= rank)
      .sort((a, b) => MESSAGE_CLASSES.indexOf(a.class) - MESSAGE_CLASSES.indexOf(b.class) || a.seq - b.seq);
    let tooMany = this.#rows.length + fresh.length - this.#limits.maxRows;
    let over = bytesOf(this.#rows) + bytesOf(fresh) - this.#limits.maxBytes;
    const dropped: OutboxRow[] = [];
    while (over > 0 || tooMany > 0) {
      const victim = victims.shift();
      if (victim === undefined) return false;
      dropped.push(victim);
      over -= bytesOf([victim]);
      tooMany--;
    }
    for (const row of dropped) this.#dropped[row.class]++;
    this.done(dropped.map((row) => row.seq));
    return true;
  }

  /** The least recently written facts go first, those of alarms last of all. */
  #write({ name, value }: Fact): void {
    this.#facts.delete(name);
    if (value !== null) this.#facts.set(name, value);
    while (this.#facts.size > this.#limits.maxFacts) {
      const names = [...this.#facts.keys()];
      this.#facts.delete(names.find((each) => !each.startsWith('alarm/')) ?? names[0] ?? '');
    }
  }
}

function bytesOf(messages: readonly OutMessage[]): number {
  return messages.reduce((sum, { payload, topic, id }) => sum + payload.length + topic.length + id.length, 0);
}

function perClass(): Record<MessageClass, number> {
  return { result: 0, incident: 0, alarm: 0, reply: 0 };
}
