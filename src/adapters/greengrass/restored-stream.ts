import { type Failure, failure } from '../../domain/errors.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { backoffMs } from '../reconnect-backoff.ts';
import type { IpcClient } from './client.ts';
import { type IpcRequest, requestFailure } from './ipc-errors.ts';

/** The nucleus may ask AWS IoT before it answers a subscription; what takes longer is tried again. */
const OPEN_DEADLINE_MS = 15_000;
/** What is not allowed, or not served, may be so after the next deployment: accessControl changes while we run. */
const REFUSED_PAUSE_MS = 300_000;
/** A stream that stood for less was a failure too. */
const STABLE_MS = 10_000;

/** A streaming operation of the SDK, not activated yet. */
export type IpcStream<M> = {
  activate(): Promise<unknown>;
  close(): Promise<void>;
  on(event: 'message', listener: (message: M) => void): unknown;
  on(event: 'ended', listener: () => void): unknown;
  on(event: 'streamError', listener: (error: Error) => void): unknown;
  removeAllListeners(): unknown;
};

export type StreamNeeds<M> = IpcRequest & {
  /** Makes the stream; it is activated here. */
  readonly open: (client: IpcClient) => IpcStream<M>;
  /** Runs one after another, in the order of arrival. */
  readonly onMessage: (message: M) => void;
  /** The nucleus may lose this subscription without a word: it is made anew each time that nothing has come for so long. */
  readonly maxSilenceMs?: number | undefined;
  /** Told after each attempt: undefined: it stands. */
  readonly onOutcome?: ((failure: Failure | undefined) => void) | undefined;
};

export type StreamTools = { readonly clock: Clock; readonly log: Log; readonly random: () => number };

/** One streaming subscription: opened on each client that it is given, and again when only the stream ends. */
export class RestoredStream<M> {
  readonly #needs: StreamNeeds<M>;
  readonly #tools: StreamTools;
  #client: IpcClient | undefined;
  #stream: IpcStream<M> | undefined;
  #cancelTimer: Cancel | undefined;
  #failures = 0;
  #openSince: number | undefined;
  /** It waits for the next attempt after a lasting refusal. */
  #refused = false;
  #heardAt = 0;
  #told: string | undefined;

  constructor(needs: StreamNeeds<M>, tools: StreamTools) {
    this.#needs = needs;
    this.#tools = tools;
  }

  /** Opens it on a new client; the old one is gone. */
  attach(client: IpcClient): void {
    if (this.#client === client) return;
    this.detach();
    this.#client = client;
    this.#failures = 0;
    void this.#open(client);
  }

  /**
   * Opens it again now, on the same client: whoever sends may have forgotten it, or it waits for its next attempt. The
   * old one ends after the new one stands, so that the nucleus does not unsubscribe in between.
   */
  reopen(): void {
    const client = this.#client;
    const old = this.#stream;
    if (client === undefined) return;
    this.#drop();
    void this.#open(client).finally(() => old?.close().catch(() => {}));
  }

  /** Tries now what was refused for lack of a permission, and would be tried in minutes only. */
  retryRefused(): void {
    if (this.#refused) this.reopen();
  }

  /** Lets go of a client that has ended; its close frees the stream. */
  detach(): void {
    this.#client = undefined;
    this.#drop();
  }

  /** Ends it on the nucleus too. */
  async close(): Promise<void> {
    const stream = this.#stream;
    this.detach();
    await stream?.close().catch((err: unknown) => this.#tools.log.debug({ err }, 'an IPC stream did not close'));
  }

  async #open(client: IpcClient): Promise<void> {
    this.#refused = false;
    let stream: IpcStream<M>;
    try {
      stream = this.#needs.open(client);
    } catch (cause) {
      return this.#failed(requestFailure(this.#needs, cause));
    }
    this.#stream = stream;
    this.#listen(stream);
    const late = failure('E_IPC_TIMEOUT', `${this.#needs.operation} within ${OPEN_DEADLINE_MS} ms`);
    this.#cancelTimer = this.#tools.clock.after(OPEN_DEADLINE_MS, () => this.#broke(stream, late));
    try {
      await stream.activate();
      if (this.#stream === stream) this.#opened();
    } catch (cause) {
      this.#broke(stream, requestFailure(this.#needs, cause));
    }
  }

  #listen(stream: IpcStream<M>): void {
    const { operation, resource } = this.#needs;
    stream.on('message', (message) => {
      if (this.#stream !== stream) return;
      this.#heardAt = this.#tools.clock.monotonic();
      this.#needs.onMessage(message);
    });
    stream.on('streamError', (err) => {
      this.#tools.log.warn({ operation, resource, err }, 'an IPC message could not be read');
    });
    stream.on('ended', () =>
      this.#broke(stream, failure('E_IPC_FAILED', `${operation}: the nucleus ended the stream`)),
    );
  }

  #opened(): void {
    this.#cancelTimer?.();
    this.#openSince = this.#tools.clock.monotonic();
    this.#heardAt = this.#openSince;
    this.#waitForSilence();
    if (this.#told !== undefined) {
      this.#tools.log.info({ operation: this.#needs.operation, resource: this.#needs.resource }, 'subscription stands');
    }
    this.#told = undefined;
    this.#needs.onOutcome?.(undefined);
  }

  #waitForSilence(): void {
    const { maxSilenceMs } = this.#needs;
    if (maxSilenceMs === undefined) return;
    const { clock } = this.#tools;
    const silentAt = this.#heardAt + maxSilenceMs;
    this.#cancelTimer = clock.after(silentAt - clock.monotonic(), () => {
      if (clock.monotonic() - this.#heardAt >= maxSilenceMs) this.reopen();
      else this.#waitForSilence();
    });
  }

  /** The stream ended, or never stood, while its client goes on. */
  #broke(stream: IpcStream<M>, reason: Failure): void {
    if (this.#stream !== stream) return;
    const stoodMs = this.#openSince === undefined ? 0 : this.#tools.clock.monotonic() - this.#openSince;
    this.#drop();
    void stream.close().catch(() => {});
    if (stoodMs >= STABLE_MS) this.#failures = 0;
    this.#failed(reason);
  }

  #failed(reason: Failure): void {
    const client = this.#client;
    if (client === undefined) return;
    const lasting = reason.code === 'E_IPC_UNAUTHORIZED' || reason.code === 'E_IPC_UNSUPPORTED';
    this.#refused = lasting;
    const retryInMs = lasting ? REFUSED_PAUSE_MS : Math.round(backoffMs(this.#failures++, this.#tools.random));
    this.#report(reason, retryInMs);
    this.#cancelTimer = this.#tools.clock.after(retryInMs, () => void this.#open(client));
    this.#needs.onOutcome?.(reason);
  }

  /** Once a reason, until it stands: a missing permission would fill the log. */
  #report(reason: Failure, retryInMs: number): void {
    if (this.#told === reason.code) return;
    this.#told = reason.code;
    const { operation, resource } = this.#needs;
    // What a nucleus does not serve is no fault of anybody: lite has no such operation.
    const level = reason.code === 'E_IPC_UNSUPPORTED' ? 'info' : 'warn';
    this.#tools.log[level](
      { operation, resource, code: reason.code, reason: reason.message, retryInMs },
      'no subscription',
    );
  }

  #drop(): void {
    this.#cancelTimer?.();
    this.#stream?.removeAllListeners();
    this.#stream = undefined;
    this.#openSince = undefined;
  }
}
