import { type ErrorCode, type Failure, fail, failure, type Result } from '../../domain/errors.ts';
import { isValidFilter } from '../../domain/topic-filter.ts';
import type { Bus, BusState, Handler, Outgoing, Settling } from '../../ports/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { type StateListener, ToldState } from '../told-state.ts';
import { Deliveries } from './deliveries.ts';
import { IpcPublisher, type PublisherNeeds } from './ipc-publisher.ts';
import type { IpcTransport } from './ipc-transport.ts';
import type { EndStream, IpcLink } from './link.ts';

/** A subscription that failed so often on one connection is not waited for: the rest of the bus shall work. */
const AWAITED_ATTEMPTS = 3;
/** Trying these again soon makes no sense. */
const LASTING: ReadonlySet<ErrorCode> = new Set(['E_IPC_UNAUTHORIZED', 'E_IPC_UNSUPPORTED', 'E_IPC_REFUSED']);

/** What a bus needs of the link. */
type BusLink = PublisherNeeds['link'] & Pick<IpcLink, 'subscribe' | 'onState' | 'state' | 'lastError'>;

export type IpcBusNeeds = {
  readonly link: BusLink;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
};

type Subscription = { readonly qos: 0 | 1; readonly handlers: Handler[]; end?: EndStream };

/**
 * A bus through the nucleus. There is one stream a filter, which serves the handlers of that filter only: each handler
 * gets a message once, however filters overlap, and a filter that is not allowed takes no other with it. The handlers of
 * different filters are called in the order in which the nucleus sends to them.
 *
 * It is online when the nucleus has answered the subscriptions and what is behind the nucleus can be reached. The link
 * belongs to whoever made it: it is neither started nor stopped here.
 */
export class IpcBus implements Bus {
  readonly settling: Settling | undefined;
  readonly #needs: IpcBusNeeds;
  readonly #transport: IpcTransport;
  readonly #publisher: IpcPublisher;
  readonly #deliveries: Deliveries;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Filters that do not stand yet on this connection, and how many attempts are left to wait for. */
  readonly #awaited = new Map<string, number>();
  readonly #refused = new Map<string, Failure>();
  readonly #told: ToldState;
  #unreachable: Failure | undefined;
  /** Connections that have ended, and with each of them, maybe, the nucleus. */
  #losses = 0;
  #stopListening: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  constructor(needs: IpcBusNeeds, transport: IpcTransport) {
    this.#needs = needs;
    this.#transport = transport;
    this.#told = new ToldState(needs.log);
    this.#deliveries = new Deliveries(needs.log);
    const onReach = (error: Failure | undefined) => this.#reachChanged(error);
    this.#publisher = new IpcPublisher({ ...needs, transport, onReach, isOnline: () => this.state === 'online' });
    this.settling = transport.settleMs === undefined ? undefined : this.#settlingAfter(transport.settleMs);
  }

  get state(): BusState {
    return this.#told.state;
  }

  get lastError(): Failure | undefined {
    return this.#told.error;
  }

  get window(): number {
    return this.state === 'online' ? this.#publisher.window : 0;
  }

  async start(): Promise<void> {
    if (this.#stopListening !== undefined) throw new Error('the bus was started before');
    this.#told.tell('connecting', undefined);
    this.#stopListening = this.#needs.link.onState(() => this.#linkChanged());
    for (const filter of this.#subscriptions.keys()) this.#open(filter);
    this.#settle();
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#end(deadlineMs);
    return this.#stopping;
  }

  onState(listener: StateListener): () => void {
    return this.#told.listen(listener);
  }

  subscribe(filter: string, qos: 0 | 1, handler: Handler): void {
    if (!isValidFilter(filter)) {
      this.#refuse(filter, failure('E_TOPIC_INVALID', JSON.stringify(filter)));
      return;
    }
    const before = this.#subscriptions.get(filter);
    before?.handlers.push(handler);
    if (before !== undefined && before.qos >= qos) return;
    void before?.end?.();
    this.#subscriptions.set(filter, { qos, handlers: before?.handlers ?? [handler] });
    if (this.#stopListening !== undefined && this.state !== 'stopped') this.#open(filter);
  }

  publishDirect(messages: readonly Outgoing[]): boolean {
    return this.state === 'online' && this.#publisher.publishDirect(messages);
  }

  async publishAcked(message: Outgoing): Promise<Result<void>> {
    if (this.state !== 'online') return fail('E_BUS_OFFLINE');
    return this.#publisher.publishAcked(message);
  }

  #settlingAfter(ms: number): Settling {
    const losses = () => this.#losses;
    return {
      ms,
      isOpen: async () => this.state === 'online' && this.#publisher.isOpen(),
      get losses() {
        return losses();
      },
    };
  }

  #open(filter: string): void {
    const subscription = this.#subscriptions.get(filter);
    if (subscription === undefined) return;
    const { qos, handlers } = subscription;
    if (this.state !== 'online') this.#await(filter);
    subscription.end = this.#transport.receive(this.#needs.link, {
      filter,
      qos,
      onMessage: (message) => this.#deliveries.push(message, handlers),
      onOutcome: (error) => this.#answered(filter, error),
    });
  }

  #await(filter: string): void {
    this.#awaited.set(filter, AWAITED_ATTEMPTS);
  }

  #answered(filter: string, error: Failure | undefined): void {
    const left = (this.#awaited.get(filter) ?? 0) - 1;
    if (error === undefined || LASTING.has(error.code) || left <= 0) this.#awaited.delete(filter);
    else this.#awaited.set(filter, left);
    if (error === undefined) this.#refused.delete(filter);
    else this.#refuse(filter, error);
    if (error !== undefined && !LASTING.has(error.code)) this.#publisher.suspect();
    this.#settle();
  }

  /** A subscription does not stand; whoever opens it again has told the log. */
  #refuse(filter: string, error: Failure): void {
    const known = this.#refused.get(filter)?.code === error.code;
    this.#refused.set(filter, error);
    if (this.state === 'online' && !known) this.#told.tell('online', error);
  }

  #linkChanged(): void {
    if (this.#needs.link.state !== 'online') this.#losses++;
    this.#publisher.reset();
    this.#unreachable = undefined;
    for (const filter of this.#subscriptions.keys()) {
      this.#refused.delete(filter);
      this.#await(filter);
    }
    this.#settle();
  }

  #reachChanged(error: Failure | undefined): void {
    const { name } = this.#transport;
    if (error === undefined) this.#needs.log.info({ behind: name }, 'can be reached again');
    else this.#needs.log.warn({ behind: name, code: error.code, reason: error.message }, 'cannot be reached');
    this.#unreachable = error && failure('E_BUS_UNREACHABLE', `${name}: ${error.message}`, error);
    if (error === undefined) this.#openAgain();
    this.#settle();
  }

  /** The way is open again: opens now what failed meanwhile, or what may have been forgotten. */
  #openAgain(): void {
    for (const [filter, { end }] of this.#subscriptions) {
      if (!this.#transport.forgets && !this.#refused.has(filter)) continue;
      this.#await(filter);
      end?.reopen();
    }
  }

  /** Makes one state of the link, the answers to the subscriptions and the way behind the nucleus. */
  #settle(): void {
    const { link } = this.#needs;
    if (link.state !== 'online')
      this.#told.become(link.state === 'connecting' ? 'connecting' : 'offline', link.lastError);
    else if (this.#unreachable !== undefined) this.#told.become('offline', this.#unreachable);
    else if (this.#awaited.size > 0) this.#told.become('connecting', undefined);
    else this.#told.become('online', [...this.#refused.values()][0]);
  }

  async #end(deadlineMs: number): Promise<void> {
    const wasOnline = this.state === 'online';
    this.#told.tell('stopped', this.lastError);
    const late = Promise.withResolvers<void>();
    const cancel = this.#needs.clock.after(deadlineMs, late.resolve);
    if (wasOnline) await Promise.race([this.#publisher.idle(), late.promise]);
    this.#publisher.stop();
    this.#deliveries.end();
    this.#stopListening?.();
    const closing = [...this.#subscriptions.values()].map(({ end }) => end?.());
    await Promise.race([Promise.all(closing), late.promise]);
    cancel();
  }
}
