import { type Failure, fail, failure, ok, type Result } from '../../src/domain/errors.ts';
import { matchesFilter } from '../../src/domain/topic-filter.ts';
import type { Bus, BusState, Handler, Incoming, Outgoing, Settling } from '../../src/ports/bus.ts';

type Listener = (state: BusState, error: Failure | undefined) => void;
type Subscription = { readonly filter: string; readonly handler: Handler };
type Waiting = { readonly message: Outgoing; readonly resolve: (result: Result<void>) => void };

/** A broker in memory: what one bus publishes reaches every bus on it, and the test. */
export class FakeHub {
  readonly #buses = new Set<FakeBus>();
  /** Everything that was published, by buses and by the test, in order. */
  readonly published: Outgoing[] = [];

  join(bus: FakeBus): void {
    this.#buses.add(bus);
  }

  /** Publishes as if from another client. */
  publish(message: Outgoing & { readonly responseTopic?: string | undefined }): void {
    this.published.push(message);
    for (const bus of this.#buses) bus.receive(toIncoming(message));
  }

  on(topic: string): Outgoing[] {
    return this.published.filter((message) => matchesFilter(topic, message.topic));
  }
}

/**
 * A bus without a network. Online as soon as it is started, unless the test says otherwise; deliveries happen in
 * microtasks, one after another. `direct` and `acked` record what was handed over, sent or not.
 */
export class FakeBus implements Bus {
  readonly hub: FakeHub;
  readonly direct: Outgoing[] = [];
  /** How many messages each call of publishDirect handed over. */
  readonly directBatches: number[] = [];
  readonly acked: Outgoing[] = [];
  /** While true, acknowledged messages wait for `acknowledge`. */
  holdAcks = false;
  /** While true, publishDirect refuses as a socket that does not keep up would. */
  choked = false;
  /** Acknowledgements are final, unless the test sets it. */
  settling: (Settling & { losses: number }) | undefined;
  readonly #subscriptions: Subscription[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #waiting: Waiting[] = [];
  #queue: Promise<void> = Promise.resolve();
  #state: BusState = 'offline';
  #lastError: Failure | undefined;
  #reachable = true;
  #limit = 100;
  #refusal: ((message: Outgoing) => Failure | undefined) | undefined;

  constructor(hub = new FakeHub()) {
    this.hub = hub;
    hub.join(this);
  }

  get state(): BusState {
    return this.#state;
  }

  get lastError(): Failure | undefined {
    return this.#lastError;
  }

  get window(): number {
    return this.#state === 'online' ? this.#limit - this.#waiting.length : 0;
  }

  async start(): Promise<void> {
    this.#tell('connecting', undefined);
    queueMicrotask(() => this.#settle());
  }

  async stop(_deadlineMs: number): Promise<void> {
    if (this.#state === 'stopped') return;
    this.#tell('stopped', undefined);
    this.#drop();
    await this.#queue;
  }

  onState(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  subscribe(filter: string, _qos: 0 | 1, handler: Handler): void {
    this.#subscriptions.push({ filter, handler });
  }

  publishDirect(messages: readonly Outgoing[]): boolean {
    if (this.#state !== 'online' || this.choked) return false;
    this.direct.push(...messages);
    this.directBatches.push(messages.length);
    for (const message of messages) if (isPublishable(message.topic)) this.hub.publish(message);
    return true;
  }

  async publishAcked(message: Outgoing): Promise<Result<void>> {
    this.acked.push(message);
    if (this.#state !== 'online') return fail('E_BUS_OFFLINE');
    if (!isPublishable(message.topic)) return fail('E_TOPIC_INVALID', message.topic);
    if (this.window <= 0) return fail('E_BUS_BUSY');
    if (message.retain) return fail('E_BUS_REJECTED', `the fake retains nothing (topic ${message.topic})`);
    const refused = this.#refusal?.(message);
    if (refused !== undefined) return { ok: false, error: refused };
    if (!this.holdAcks) return this.#deliver(message);
    return new Promise((resolve) => this.#waiting.push({ message, resolve }));
  }

  // What the test does to it.

  /** Lets the oldest `count` messages that wait for their acknowledgement through. */
  acknowledge(count = this.#waiting.length): void {
    for (const { message, resolve } of this.#waiting.splice(0, count)) resolve(this.#deliver(message));
  }

  goOffline(error: Failure = failure('E_BUS_UNREACHABLE', 'the test cut the connection')): void {
    this.#reachable = false;
    if (this.#state === 'stopped') return;
    this.#tell('offline', error);
    this.#drop();
  }

  goOnline(): void {
    this.#reachable = true;
    this.#settle();
  }

  /** Rejects what it returns a failure for; undefined accepts everything again. */
  refuse(decide: ((message: Outgoing) => Failure | undefined) | undefined): void {
    this.#refusal = decide;
  }

  setWindow(limit: number): void {
    this.#limit = limit;
  }

  /** Resolves when every handler is done with what has come so far. */
  settled(): Promise<void> {
    return this.#queue;
  }

  receive(message: Incoming): void {
    if (this.#state !== 'online') return;
    for (const { filter, handler } of this.#subscriptions) {
      if (!matchesFilter(filter, message.topic)) continue;
      this.#queue = this.#queue.then(() => lend(message, handler));
    }
  }

  #deliver(message: Outgoing): Result<void> {
    this.hub.publish(message);
    return ok(undefined);
  }

  #settle(): void {
    if (this.#state === 'stopped') return;
    if (this.#reachable) this.#tell('online', undefined);
    else this.#tell('offline', this.#lastError ?? failure('E_BUS_UNREACHABLE'));
  }

  #drop(): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(fail('E_BUS_OFFLINE', 'the test cut the connection'));
  }

  #tell(state: BusState, error: Failure | undefined): void {
    this.#state = state;
    this.#lastError = error;
    for (const listener of [...this.#listeners]) listener(state, error);
  }
}

function isPublishable(topic: string): boolean {
  return topic !== '' && !/[+#\0]/.test(topic);
}

/** Gives a handler its own payload, and spoils it afterwards: who keeps it without copying shall notice here. */
async function lend(message: Incoming, handler: Handler): Promise<void> {
  const payload = Uint8Array.from(message.payload);
  try {
    await handler({ ...message, payload });
  } catch {
    // A real bus logs what a handler throws and goes on.
  }
  payload.fill(0xee);
}

function toIncoming(message: Outgoing & { readonly responseTopic?: string | undefined }): Incoming {
  const { topic, payload, responseTopic, correlationData } = message;
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return { topic, payload: bytes, responseTopic, correlationData, retained: false };
}
