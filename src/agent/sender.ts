import type { Failure } from '../domain/errors.ts';
import type { DeviceCounter } from '../domain/metrics.ts';
import { type Route, splitRoute } from '../domain/route.ts';
import type { Bus } from '../ports/bus.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { Outbox, OutboxRow } from '../ports/outbox.ts';
import type { Counters } from './metrics.ts';
import { UnsettledRows } from './unsettled-rows.ts';
import { within } from './within.ts';

/** Rows read from the outbox at once: one page serves a whole in-flight window. */
const PAGE_ROWS = 64;

/** After this many live rows in a row the backlog gets a turn, so that a busy day does not hold back a bad night. */
const LIVE_TURNS = 4;

/** A message that the broker rejected is tried again after this, not at once: rejections come from rules, not luck. */
const RETRY_MS = 5_000;

export type SenderNeeds = {
  readonly bus: Bus;
  /** Which rows are this bus's, by the bus that their topic names; `undefined` among them: those that name none. */
  readonly routes: readonly (Route | undefined)[];
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly log: Log;
  readonly counters: Counters<DeviceCounter>;
};

/** Rows that are still to be sent, read page by page: those of the page, and all with seq > `at`. */
type Stream = { at: number; page: OutboxRow[] };

/**
 * Carries the rows of one bus from the outbox to it. Each bus has a sender of its own: one that is away holds up none
 * of the others.
 *
 * What came in since the connection stands goes before the backlog: an operator wants this minute's alarm, not last
 * night's. Within each, oldest first. A row leaves the outbox when the broker has acknowledged it; where that does not
 * mean that it has arrived (`Bus.settling`), some time later.
 *
 * When the connection ends with several rows in flight, any of them may be the one that the broker chokes on. They are
 * sent alone from then on, and only a row that was alone has the attempt counted: the innocent are never quarantined.
 */
export class Sender {
  readonly #bus: Bus;
  readonly #routes: SenderNeeds['routes'];
  readonly #outbox: Outbox;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #counters: Counters<DeviceCounter>;
  readonly #inFlight = new Map<number, OutboxRow>();
  /** Were in flight together when a connection ended. At most what one window held. */
  readonly #suspects = new Set<number>();
  /** Undefined on a bus whose acknowledgements are final. */
  readonly #unsettled: UnsettledRows | undefined;
  /** Rows up to here make the backlog. */
  #backlogEnd = 0;
  #backlog: Stream = { at: 0, page: [] };
  #live: Stream = { at: 0, page: [] };
  #liveInARow = 0;
  #alone = false;
  #running = false;
  #stopListening: (() => void)[] = [];
  #cancelRetry: Cancel | undefined;
  #idle: (() => void)[] = [];

  constructor(needs: SenderNeeds) {
    this.#bus = needs.bus;
    this.#routes = needs.routes;
    this.#outbox = needs.outbox;
    this.#clock = needs.clock;
    this.#log = needs.log;
    this.#counters = needs.counters;
    const { bus, clock } = needs;
    const onSettled = (seqs: readonly number[]) => this.#arrived(seqs);
    this.#unsettled = bus.settling && new UnsettledRows({ settling: bus.settling, clock, onSettled });
  }

  start(): void {
    this.#running = true;
    this.#stopListening = [
      this.#outbox.onPut(() => this.#pump()),
      this.#bus.onState((state) => {
        if (state === 'online') this.#rescan();
      }),
    ];
    if (this.#bus.state === 'online') this.#rescan();
  }

  /**
   * Sends what still can be sent within `deadlineMs`, then stops. What is left stays in the outbox; so does what has not
   * settled, and is sent again at the next start: a receiver dedupes, and a nucleus may well stop with us.
   */
  async stop(deadlineMs: number): Promise<void> {
    if (!this.#running) return;
    const idle = new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#pump();
    await within(this.#clock, deadlineMs, idle);
    this.#running = false;
    this.#cancelRetry?.();
    this.#unsettled?.stop();
    for (const stopListening of this.#stopListening) stopListening();
  }

  /** Makes everything that waits now the backlog. */
  #rescan(): void {
    this.#backlogEnd = this.#outbox.stats().newestSeq;
    this.#backlog = { at: 0, page: [] };
    this.#live = { at: this.#backlogEnd, page: [] };
    this.#pump();
  }

  #pump(): void {
    while (this.#running && !this.#alone && this.#bus.state === 'online' && this.#bus.window > 0) {
      if (this.#unsettled?.full) break;
      const row = this.#nextRow();
      if (row === undefined) break;
      void this.#send(row);
    }
    if (this.#idle.length > 0 && this.#isIdle()) for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Nothing is on the way, and nothing can be sent now. What was rejected lies behind the streams until it is tried again. */
  #isIdle(): boolean {
    if (this.#inFlight.size > 0) return false;
    if (this.#unsettled?.full) return true;
    return this.#bus.state !== 'online' || (this.#peekLive() ?? this.#peekBacklog()) === undefined;
  }

  /** The row whose turn it is; undefined when there is none, or when it must wait until it can go alone. */
  #nextRow(): OutboxRow | undefined {
    const live = this.#peekLive();
    const backlog = live === undefined || this.#liveInARow >= LIVE_TURNS ? this.#peekBacklog() : undefined;
    const row = backlog ?? live;
    if (row === undefined || (this.#mustGoAlone(row) && this.#inFlight.size > 0)) return undefined;
    const stream = row === backlog ? this.#backlog : this.#live;
    stream.page.shift();
    this.#liveInARow = stream === this.#live ? this.#liveInARow + 1 : 0;
    return row;
  }

  #peekLive(): OutboxRow | undefined {
    return this.#peek(this.#live, Number.POSITIVE_INFINITY);
  }

  #peekBacklog(): OutboxRow | undefined {
    return this.#peek(this.#backlog, this.#backlogEnd);
  }

  #peek(stream: Stream, end: number): OutboxRow | undefined {
    while (stream.page.length === 0) {
      const rows = this.#outbox.next(stream.at, PAGE_ROWS, this.#routes);
      const last = rows.at(-1);
      if (last === undefined) return undefined;
      stream.at = last.seq;
      // What is on the way now is read again, should it fail, and what has not settled, should it be lost.
      stream.page = rows.filter(({ seq }) => !this.#inFlight.has(seq) && !this.#unsettled?.has(seq));
    }
    const row = stream.page[0];
    return row !== undefined && row.seq <= end ? row : undefined;
  }

  #mustGoAlone(row: OutboxRow): boolean {
    return row.tries > 0 || this.#suspects.has(row.seq);
  }

  async #send(row: OutboxRow): Promise<void> {
    const alone = this.#mustGoAlone(row);
    this.#alone = alone;
    this.#inFlight.set(row.seq, row);
    const losses = this.#bus.settling?.losses ?? 0;
    const sent = await this.#bus.publishAcked({ ...row, topic: splitRoute(row.topic).topic });
    this.#inFlight.delete(row.seq);
    if (alone) this.#alone = false;
    if (sent.ok) this.#acknowledged(row, losses);
    else this.#failed(row, sent.error, alone);
    this.#pump();
  }

  /**
   * A reply does not have to settle: whoever misses it asks again. And while it is in the outbox, it would swallow the reply
   * to that, which has its id.
   */
  #acknowledged({ seq, class: messageClass }: OutboxRow, losses: number): void {
    this.#suspects.delete(seq);
    if (this.#unsettled === undefined || messageClass === 'reply') this.#arrived([seq]);
    else if (this.#running) this.#unsettled.add(seq, losses);
  }

  #arrived(seqs: readonly number[]): void {
    this.#outbox.done(seqs);
    this.#counters.inc('delivered', seqs.length);
    if (this.#unsettled !== undefined) this.#pump();
  }

  #failed(row: OutboxRow, error: Failure, alone: boolean): void {
    this.#counters.inc('sendFailures');
    if (error.code === 'E_BUS_OFFLINE' && !alone) {
      this.#suspects.add(row.seq);
      return; // sent again on the next connection
    }
    this.#suspects.delete(row.seq); // from here on its tries speak
    const quarantined = this.#outbox.failed(row.seq, error);
    if (quarantined) {
      this.#log.error({ id: row.id, topic: row.topic, code: error.code, reason: error.message }, 'message quarantined');
    }
    if (error.code === 'E_BUS_OFFLINE' || !this.#running) return;
    this.#retryLater();
  }

  #retryLater(): void {
    this.#cancelRetry ??= this.#clock.after(RETRY_MS, () => {
      this.#cancelRetry = undefined;
      this.#rescan();
    });
  }
}
