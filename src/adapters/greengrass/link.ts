import { type Failure, fail, failure, type Result } from '../../domain/errors.ts';
import type { BusState } from '../../ports/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { backoffMs } from '../reconnect-backoff.ts';
import { type StateListener, ToldState } from '../told-state.ts';
import { type IpcAddress, type IpcClient, type MadeClient, type MakeClient, makeSdkClient } from './client.ts';
import { ClientSession } from './client-session.ts';
import { connectFailure, type IpcRequest } from './ipc-errors.ts';
import { RestoredStream, type StreamNeeds } from './restored-stream.ts';

/** The classic nucleus, still starting on a small device, takes seconds; one that takes longer is as good as away. */
const CONNECT_DEADLINE_MS = 10_000;
/** The nucleus answers over a Unix socket, yet may ask a database, a disk or AWS before. */
const CALL_DEADLINE_MS = 10_000;
/** A connection that lasted less was a failure too. */
const STABLE_MS = 10_000;

export type IpcLinkOptions = IpcAddress & {
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1, for the jitter of the backoff. */
  readonly random: () => number;
  readonly makeClient?: MakeClient | undefined;
};

/** A stream of whatever messages. */
type AnyStream = Pick<RestoredStream<unknown>, 'attach' | 'detach' | 'close' | 'retryRefused'>;

/** How a connection was. */
type Connected = { readonly reason: Failure; readonly onlineMs: number; readonly closed: Promise<void> | undefined };

/** Ends a subscription. `reopen` makes it anew, where the nucleus may have forgotten it. */
export type EndStream = (() => Promise<void>) & { readonly reopen: () => void };

/**
 * The connection of this component to its nucleus, shared by everything that speaks Greengrass IPC. After each loss it
 * makes a new client, with jittered backoff, and opens every subscription again. Nothing here rejects.
 */
export class IpcLink {
  readonly #options: IpcLinkOptions;
  readonly #streams = new Set<AnyStream>();
  readonly #told: ToldState;
  readonly #stop = new AbortController();
  #session: ClientSession | undefined;
  #running: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: IpcLinkOptions) {
    this.#options = options;
    this.#told = new ToldState(options.log);
  }

  get state(): BusState {
    return this.#told.state;
  }

  /** Why the last attempt failed, or the last connection ended; undefined while online. */
  get lastError(): Failure | undefined {
    return this.#told.error;
  }

  /** Starts connecting and returns without waiting for the nucleus. Call once. */
  async start(): Promise<void> {
    if (this.#running !== undefined) throw new Error('the link was started before');
    this.#running = this.#stayConnected();
  }

  /** Ends the subscriptions and the connection within `deadlineMs`. Idempotent. */
  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#end(deadlineMs);
    return this.#stopping;
  }

  /** Tells every change of `state`. Returns a function that ends the listening. */
  onState(listener: StateListener): () => void {
    return this.#told.listen(listener);
  }

  /** Asks the nucleus once. `run` gets the client of the moment, and must not keep it. */
  call<T>(
    request: IpcRequest,
    run: (client: IpcClient) => Promise<T>,
    { deadlineMs = CALL_DEADLINE_MS }: { readonly deadlineMs?: number } = {},
  ): Promise<Result<T>> {
    const session = this.state === 'online' ? this.#session : undefined;
    if (session === undefined || session.over) return Promise.resolve(fail('E_IPC_OFFLINE', request.operation));
    return session.call(request, run, deadlineMs);
  }

  /** Subscribes now, and again on each new client and after each end of the stream. Returns a function that ends it. */
  subscribe<M>(needs: StreamNeeds<M>): EndStream {
    const stream = new RestoredStream(needs, this.#options);
    this.#streams.add(stream);
    if (this.state === 'online' && this.#session !== undefined) stream.attach(this.#session.client);
    const end = async () => {
      this.#streams.delete(stream);
      await stream.close();
    };
    return Object.assign(end, { reopen: () => stream.reopen() });
  }

  /** Tries the subscriptions again that were refused: what is allowed may have changed. */
  retryRefused(): void {
    for (const stream of this.#streams) stream.retryRefused();
  }

  /** Gives the client of the moment up, for one that looks alive and is not, and makes a new one. */
  renew(reason: Failure): void {
    if (this.state === 'online') this.#session?.end(reason);
  }

  async #stayConnected(): Promise<void> {
    const { clock, random, log } = this.#options;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      this.#told.tell('connecting', this.lastError);
      const { reason, onlineMs, closed } = await this.#connectOnce();
      if (this.#stop.signal.aborted) return;
      if (onlineMs >= STABLE_MS) failures = 0;
      const retryInMs = Math.round(backoffMs(failures++, random));
      log.warn({ code: reason.code, reason: reason.message, retryInMs }, 'connection to the nucleus ended');
      this.#told.tell('offline', reason);
      await Promise.all([closed, clock.sleep(retryInMs, this.#stop.signal).catch(() => {})]);
    }
  }

  /** One client, until it has ended. */
  async #connectOnce(): Promise<Connected> {
    const { clock, log, makeClient = makeSdkClient } = this.#options;
    let made: MadeClient;
    try {
      made = await makeClient(this.#options);
    } catch (cause) {
      return { reason: connectFailure(cause), onlineMs: 0, closed: undefined };
    }
    const session = new ClientSession(made, clock, log);
    this.#session = session;
    if (this.#stop.signal.aborted) session.end(failure('E_IPC_OFFLINE'));
    else if (await session.connect(CONNECT_DEADLINE_MS)) this.#online(session);
    const since = clock.monotonic();
    const reason = await session.ended;
    for (const stream of this.#streams) stream.detach();
    this.#session = undefined;
    return { reason, onlineMs: clock.monotonic() - since, closed: session.closed() };
  }

  #online(session: ClientSession): void {
    this.#options.log.info({ socket: this.#options.socketPath }, 'connected to the nucleus');
    this.#told.tell('online', undefined);
    for (const stream of [...this.#streams]) if (!session.over) stream.attach(session.client);
  }

  async #end(deadlineMs: number): Promise<void> {
    this.#stop.abort();
    this.#told.tell('stopped', this.lastError);
    const session = this.#session;
    for (const stream of this.#streams) stream.detach();
    this.#streams.clear();
    session?.end(failure('E_IPC_OFFLINE', 'the link was stopped'));
    const cut = new AbortController();
    const deadline = this.#options.clock.sleep(deadlineMs, cut.signal).catch(() => {});
    await Promise.race([Promise.all([session?.closed(), this.#running]), deadline]);
    cut.abort();
  }
}
