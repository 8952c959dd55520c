import { randomUUID } from 'node:crypto';
import { connectAsync, type MqttClient } from 'mqtt';

/** What came out for one sensor. */
export type Seen = {
  readonly results: Set<number>;
  label: string;
  score: number;
  alarm: boolean;
  /** Ever alarmed. */
  alarmed: boolean;
};

type Event = {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly key: string; readonly seq?: number; readonly outcome: { label: string; score: number } };
};

/** The final reply to a command. A failure may tell a result besides its error. */
export type Answer = {
  readonly id: string;
  readonly status: string;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
};

const REPLY_DEADLINE_MS = 5_000;

/** Somebody else on the broker: counts what the agent lets out, and asks it how it is. It knows nothing else of it. */
export class Observer {
  readonly #thing: string;
  readonly seen = new Map<string, Seen>();
  /** Distinct ids: redelivery is no second alarm. */
  readonly alarmIds = new Set<string>();
  #client: MqttClient | undefined;
  #lastMs = 0;
  #longestGapMs = 0;

  constructor(thing: string) {
    this.#thing = thing;
  }

  get results(): number {
    return [...this.seen.values()].reduce((total, { results }) => total + results.size, 0);
  }

  async start(broker: string): Promise<void> {
    this.#client = await connectAsync(broker, { protocolVersion: 4, clientId: `observer-${randomUUID()}` });
    await this.#client.subscribeAsync([`dt/edge-agent/${this.#thing}/#`, `cmd/edge-agent/${this.#thing}/+/reply`], {
      qos: 1,
    });
    this.#client.on('message', (topic, payload) => {
      if (topic.startsWith('dt/')) this.#count(JSON.parse(payload.toString()) as Event);
    });
  }

  async stop(): Promise<void> {
    await this.#client?.endAsync(true);
  }

  #count({ id, type, data }: Event): void {
    const seen = this.of(data.key);
    if (data.seq !== undefined) {
      seen.results.add(data.seq);
      seen.label = data.outcome.label;
      seen.score = data.outcome.score;
      this.#measureGap();
      return;
    }
    this.alarmIds.add(id);
    seen.alarm = type.includes('raised');
    seen.alarmed ||= seen.alarm;
  }

  #measureGap(): void {
    const nowMs = performance.now();
    this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
  }

  /** From now on looks for the longest time between two answers; the function tells it, with the one that still lasts. */
  watchGaps(): () => number {
    this.#lastMs = performance.now();
    this.#longestGapMs = 0;
    return () => Math.max(this.#longestGapMs, performance.now() - this.#lastMs);
  }

  of(key: string): Seen {
    const known = this.seen.get(key);
    if (known !== undefined) return known;
    const fresh = { results: new Set<number>(), label: '-', score: 0, alarm: false, alarmed: false };
    this.seen.set(key, fresh);
    return fresh;
  }

  /** Sends a command and gives the result of its final reply. Rejects when it fails or nobody answers in time. */
  async command(verb: string, deadlineMs = REPLY_DEADLINE_MS): Promise<unknown> {
    const answer = await this.ask(verb, {}, deadlineMs);
    if (answer.status !== 'succeeded') throw new Error(`${verb}: ${JSON.stringify(answer.error)}`);
    return answer.result;
  }

  /** Sends a command and gives its final reply, whatever it says. Rejects when nobody answers in time. */
  async ask(verb: string, args: object, deadlineMs: number): Promise<Answer> {
    const client = this.#client;
    if (client === undefined) throw new Error('not connected');
    const id = randomUUID();
    const now = Date.now();
    const envelope = { id, verb, args, issuedAt: now, expiresAt: now + Math.ceil(deadlineMs) };
    const answered = Promise.withResolvers<Answer>();
    const listen = (topic: string, payload: Buffer) => {
      if (!topic.endsWith('/reply')) return;
      const answer = JSON.parse(payload.toString()) as Answer;
      if (answer.id === id && answer.status !== 'accepted') answered.resolve(answer);
    };
    client.on('message', listen);
    const late = setTimeout(() => answered.reject(new Error(`${verb}: no reply`)), deadlineMs);
    try {
      await client.publishAsync(`cmd/edge-agent/${this.#thing}/${verb}`, JSON.stringify(envelope), { qos: 1 });
      return await answered.promise;
    } finally {
      clearTimeout(late);
      client.off('message', listen);
    }
  }
}
