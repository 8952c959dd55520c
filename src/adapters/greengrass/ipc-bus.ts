import { type Failure, fail, failure, type Result } from '../../domain/errors.ts';
import { isValidFilter } from '../../domain/topic-filter.ts';
import type { Bus, BusState, Handler, Outgoing } from '../../ports/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { Deliveries } from './deliveries.ts';
import { IpcPublisher } from './ipc-publisher.ts';
import type { IpcTransport } from './ipc-transport.ts';
import type { IpcLink, StateListener } from './link.ts';

export type IpcBusNeeds = {
  readonly link: IpcLink;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
};

type Subscription = { readonly qos: 0 | 1; readonly handlers: Handler[]; close: () => Promise<void> };

/**
 * A bus through the nucleus. There is one stream a filter, which serves the handlers of that filter only: each handler
 * gets a message once, however filters overlap, and a filter that is not allowed takes no other with it. The handlers of
 * different filters are called in the order in which the nucleus sends to them.
 *
 * It is online when the nucleus has answered the subscriptions and what is behind the nucleus can be reached. The link
 * belongs to whoever made it: it is neither started nor stopped here.
 */
export class IpcBus implements Bus {
  readonly #needs: IpcBusNeeds;
  readonly #transport: IpcTransport;
  readonly #publisher: IpcPublisher;
  readonly #deliveries: Deliveries;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Filters that the nucleus has not answered yet on this connection. */
  readonly #awaited = new Set<string>();
  readonly #refused = new Map<string, Failure>();
  readonly #listeners = new Set<StateListener>();
  #state: BusState = 'offline';
  #lastError: Failure | undefined;
  #unreachable: Failure | undefined;
  #stopListening: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  constructor(needs: IpcBusNeeds, transport: IpcTransport) {
    this.#needs = needs;
    this.#transport = transport;
    this.#deliveries = new Deliveries(needs.log);
    const onReach = (error: Failure | undefined) => this.#reachChanged(error);
    this.#publisher = new IpcPublisher({ ...needs, transport, onReach, isOnline: () => this.#state === 'online' });
  }

  get state(): BusState {
    return this.#state;
  }

  get lastError(): Failure | undefined {
    return this.#lastError;
  }

  get window(): number {
    return this.#state === 'online' ? this.#publisher.window : 0;
  }

  async start(): Promise<void> {
    if (this.#stopListening !== undefined) throw new Error('the bus was started before');
    this.#tell('connecting', undefined);
    this.#stopListening = this.#needs.link.onState(() => this.#linkChanged());
    for (const filter of this.#subscriptions.keys()) this.#open(filter);
    this.#settle();
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#end(deadlineMs);
    return this.#stopping;
  }

  onState(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  subscribe(filter: string, qos: 0 | 1, handler: Handler): void {
    if (!isValidFilter(filter)) {
      this.#refuse(filter, failure('E_TOPIC_INVALID', JSON.stringify(filter)));
      return;
    }
    const before = this.#subscriptions.get(filter);
    before?.handlers.push(handler);
    if (before !== undefined && before.qos >= qos) return;
    void before?.close();
    this.#subscriptions.set(filter, { qos, handlers: before?.handlers ?? [handler], close: async () => {} });
    if (this.#stopListening !== undefined && this.#state !== 'stopped') this.#open(filter);
  }

  publishDirect(messages: readonly Outgoing[]): boolean {
    return this.#state === 'online' && this.#publisher.publishDirect(messages);
  }

  async publishAcked(message: Outgoing): Promise<Result<void>> {
    if (this.#state !== 'online') return fail('E_BUS_OFFLINE');
    return this.#publisher.publishAcked(message);
  }

  #open(filter: string): void {
    const subscription = this.#subscriptions.get(filter);
    if (subscription === undefined) return;
    const { qos, handlers } = subscription;
    if (this.#state !== 'online') this.#awaited.add(filter);
    subscription.close = this.#transport.receive(this.#needs.link, {
      filter,
      qos,
      onMessage: (message) => this.#deliveries.push(message, handlers),
      onOutcome: (error) => this.#answered(filter, error),
    });
  }

  #answered(filter: string, error: Failure | undefined): void {
    this.#awaited.delete(filter);
    if (error === undefined) this.#refused.delete(filter);
    else this.#refuse(filter, error);
    this.#settle();
  }

  /** A subscription does not stand; whoever opens it again has told the log. */
  #refuse(filter: string, error: Failure): void {
    const known = this.#refused.get(filter)?.code === error.code;
    this.#refused.set(filter, error);
    if (this.#state === 'online' && !known) this.#tell('online', error);
  }

  #linkChanged(): void {
    this.#publisher.reset();
    this.#unreachable = undefined;
    if (this.#needs.link.state === 'online') for (const filter of this.#subscriptions.keys()) this.#awaited.add(filter);
    this.#settle();
  }

  #reachChanged(error: Failure | undefined): void {
    const { name } = this.#transport;
    if (error === undefined) this.#needs.log.info({ bus: name }, 'can be reached again');
    else this.#needs.log.warn({ bus: name, code: error.code, reason: error.message }, 'cannot be reached');
    this.#unreachable = error && failure('E_BUS_UNREACHABLE', `${name}: ${error.message}`, error);
    this.#settle();
  }

  /** Makes one state of the link, the answers to the subscriptions and the way behind the nucleus. */
  #settle(): void {
    const { link } = this.#needs;
    if (link.state !== 'online') this.#become(link.state === 'connecting' ? 'connecting' : 'offline', link.lastError);
    else if (this.#awaited.size > 0) this.#become('connecting', undefined);
    else if (this.#unreachable !== undefined) this.#become('offline', this.#unreachable);
    else this.#become('online', [...this.#refused.values()][0]);
  }

  #become(state: BusState, error: Failure | undefined): void {
    if (state === this.#state) this.#lastError = error;
    else this.#tell(state, error);
  }

  async #end(deadlineMs: number): Promise<void> {
    const wasOnline = this.#state === 'online';
    this.#tell('stopped', this.#lastError);
    const late = Promise.withResolvers<void>();
    const cancel = this.#needs.clock.after(deadlineMs, late.resolve);
    if (wasOnline) await Promise.race([this.#publisher.idle(), late.promise]);
    this.#publisher.stop();
    this.#deliveries.end();
    this.#stopListening?.();
    const closing = [...this.#subscriptions.values()].map(({ close }) => close());
    await Promise.race([Promise.all(closing), late.promise]);
    cancel();
  }

  #tell(state: BusState, error: Failure | undefined): void {
    if (this.#state === 'stopped') return;
    this.#state = state;
    this.#lastError = error;
    for (const listener of [...this.#listeners]) {
      try {
        listener(state, error);
      } catch (err) {
        this.#needs.log.error({ err, state }, 'a listener of the bus failed');
      }
    }
  }
}
