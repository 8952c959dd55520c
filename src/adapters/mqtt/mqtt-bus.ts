import { type Failure, fail, failure, type Result } from '../../domain/errors.ts';
import { coversFilter, isValidFilter } from '../../domain/topic-filter.ts';
import type { Bus, BusState, Handler, Outgoing } from '../../ports/bus.ts';
import { backoffMs } from '../reconnect-backoff.ts';
import { type StateListener, ToldState } from '../told-state.ts';
import { AckedPublisher, type BrokerLimits, limitsOf } from './acked-publisher.ts';
import { PublishEncoder } from './encode-publish.ts';
import { Link } from './link.ts';
import { openSocket } from './open-socket.ts';
import { CONNECT_TIMEOUT_MS, type MqttBusOptions } from './options.ts';
import { type Filters, subscribeAll, widest } from './subscribe.ts';
import { TopicRouter } from './topic-router.ts';

/** Above this the network does not keep up, and direct messages are refused until it does. About 1,000 results. */
const CHOKED_BYTES = 262_144;
/** A connection that lasted less was a failure too (two devices with one client id throw each other out). */
const STABLE_MS = 10_000;

type Session = { readonly link: Link; readonly publisher: AckedPublisher; readonly limits: BrokerLimits };

/**
 * A bus over any MQTT broker, 3.1.1 or 5, TCP or TLS. It is online when the broker has answered its subscriptions.
 *
 * mqtt.js does the connecting, subscribing, acknowledged publishing and the keepalive of one connection; its queue, its
 * redelivery and its reconnecting are off, because the outbox and this class own them. Messages that come in, and QoS 0
 * messages that go out, pass it by (inbound.ts, encode-publish.ts).
 */
export class MqttBus implements Bus {
  readonly #options: MqttBusOptions;
  readonly #router = new TopicRouter();
  readonly #filters = new Map<string, 0 | 1>();
  readonly #told: ToldState;
  readonly #encoder: PublishEncoder;
  readonly #stop = new AbortController();
  #link: Link | undefined;
  #session: Session | undefined;
  #running: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: MqttBusOptions) {
    this.#options = options;
    this.#encoder = new PublishEncoder(options.version);
    this.#told = new ToldState(options.log);
  }

  get state(): BusState {
    return this.#told.state;
  }

  get lastError(): Failure | undefined {
    return this.#told.error;
  }

  get window(): number {
    return this.#session?.publisher.window ?? 0;
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) throw new Error('the bus was started before');
    this.#running = this.#stayConnected();
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
      this.#report(failure('E_TOPIC_INVALID', JSON.stringify(filter)));
      return;
    }
    this.#router.add(filter, handler);
    // A second SUBSCRIBE takes the place of the first (MQTT 5, 3.8.4): it must not lower what the other handler asked for.
    const wanted = this.#filters.get(filter) === 1 ? 1 : qos;
    this.#filters.set(filter, wanted);
    if (this.#session === undefined) return;
    const asked = [...widest(this.#filters)].filter(([wide]) => coversFilter(wide, filter));
    void this.#subscribe(this.#session.link, new Map(asked));
  }

  publishDirect(messages: readonly Outgoing[]): boolean {
    const link = this.#session?.link;
    if (link === undefined || !link.live || link.waitingBytes > CHOKED_BYTES) return false;
    const refuse = ({ topic }: Outgoing, why: string) => this.#options.log.error({ topic, why }, 'message not sent');
    link.write(this.#encoder.encode(messages, this.#session?.limits.packetBytes ?? 0, refuse));
    return true;
  }

  async publishAcked(message: Outgoing): Promise<Result<void>> {
    if (this.#session?.link.live !== true || this.#stop.signal.aborted) return fail('E_BUS_OFFLINE');
    return this.#session.publisher.publish(message);
  }

  async #stayConnected(): Promise<void> {
    const { clock, random, log, url } = this.#options;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      this.#told.tell('connecting', this.#told.error);
      const { reason, onlineMs } = await this.#connectOnce();
      if (this.#stop.signal.aborted) return;
      if (onlineMs >= STABLE_MS) failures = 0;
      const retryInMs = Math.round(backoffMs(failures++, random));
      log.warn({ url, code: reason.code, reason: reason.message, retryInMs }, 'broker connection ended');
      this.#told.tell('offline', reason);
      await clock.sleep(retryInMs, this.#stop.signal).catch(() => {});
    }
  }

  async #connectOnce(): Promise<{ readonly reason: Failure; readonly onlineMs: number }> {
    const { clock, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    const socket = openSocket(new URL(this.#options.url), this.#options.tls);
    if (!socket.ok) return { reason: socket.error, onlineMs: 0 };
    const link = new Link(socket.value, this.#options, this.#router);
    this.#link = link;
    link.open();
    const cancel = clock.after(connectTimeoutMs, () => link.cut(new Error(`no answer within ${connectTimeoutMs} ms`)));
    await this.#takeUp(link);
    cancel();
    const since = clock.monotonic();
    const reason = await link.ended;
    this.#session?.publisher.end();
    this.#session = undefined;
    this.#link = undefined;
    return { reason, onlineMs: clock.monotonic() - since };
  }

  /** From CONNACK to the answer to our subscriptions. Returns early when the connection ends before. */
  async #takeUp(link: Link): Promise<void> {
    const connack = await link.accepted;
    if (connack === undefined) return;
    const limits = limitsOf(connack, this.#options);
    const { version, clock } = this.#options;
    const onSilence = (error: Error) => link.cut(error);
    const publisher = new AckedPublisher({ client: link.client, version, limits, clock, onSilence });
    this.#session = { link, publisher, limits };
    link.admit();
    this.#told.note(undefined);
    await this.#subscribe(link, widest(this.#filters));
    if (!link.live) return;
    this.#options.log.info({ url: this.#options.url, window: publisher.window }, 'bus online');
    this.#told.tell('online', this.#told.error);
  }

  async #subscribe(link: Link, filters: Filters): Promise<void> {
    try {
      const refused = await subscribeAll(link.client, filters);
      if (refused.length > 0) this.#report(failure('E_BUS_REJECTED', `the subscription to ${refused.join(', ')}`));
    } catch (cause) {
      this.#options.log.debug({ err: cause }, 'subscribing was cut short');
    }
  }

  async #end(deadlineMs: number): Promise<void> {
    this.#stop.abort();
    this.#told.tell('stopped', this.#told.error);
    const link = this.#link;
    if (link !== undefined) {
      const cancel = this.#options.clock.after(deadlineMs, () => link.cut());
      await Promise.race([this.#session?.publisher.idle(), link.ended]);
      link.disconnect();
      await link.ended;
      cancel();
    }
    await this.#running;
  }

  /** Something is wrong that does not end the connection. */
  #report(error: Failure): void {
    this.#options.log.error({ code: error.code, reason: error.message }, 'bus problem');
    this.#told.note(error);
    if (this.#told.state === 'online') this.#told.tell('online', error);
  }
}
