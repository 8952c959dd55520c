import { type Failure, fail, failure, ok, type Result } from '../../domain/errors.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { IpcClient, MadeClient } from './client.ts';
import { connectFailure, type IpcRequest, requestFailure } from './ipc-errors.ts';
import type { Parting } from './relay.ts';

/**
 * The SDK gives a call up by closing its client only, so an unanswered one keeps its native stream. After this many the
 * client is not worth keeping: over a Unix socket, silence is no matter of luck.
 */
const MAX_UNANSWERED = 10;

/** What the nucleus said before it left reaches us a moment later. */
const FAREWELL_MS = 100;

/** The SDK's promise may stay open; what is left of the connection is cut then. */
const CLOSE_DEADLINE_MS = 1_000;

type Settle = (result: { readonly ok: false; readonly error: Failure }) => void;

/** One client, from its connecting to its end. It is never used again: `connect` of the SDK works once. */
export class ClientSession {
  readonly client: IpcClient;
  /** Why it ended. */
  readonly ended: Promise<Failure>;
  readonly #release: (unused: boolean) => void;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #waiting = new Set<Settle>();
  #resolveEnded: (failure: Failure) => void;
  #unanswered = 0;
  #over = false;
  #unused = true;
  #connected = false;
  #cancelFarewell: Cancel | undefined;
  #closed: Promise<void> | undefined;

  constructor({ client, release, lost }: MadeClient, clock: Clock, log: Log) {
    this.client = client;
    this.#release = release;
    this.#clock = clock;
    this.#log = log;
    const { promise, resolve } = Promise.withResolvers<Failure>();
    this.ended = promise;
    this.#resolveEnded = resolve;
    void lost?.then((parting) => this.#nucleusLeft(parting));
  }

  get over(): boolean {
    return this.#over;
  }

  /** True: connected. False: `ended` tells why not. */
  async connect(deadlineMs: number): Promise<boolean> {
    this.#unused = false;
    const late = () => this.end(failure('E_IPC_UNREACHABLE', `no answer within ${deadlineMs} ms`));
    const cancel = this.#clock.after(deadlineMs, late);
    this.client.on('disconnection', (event) => {
      this.end(failure('E_IPC_UNREACHABLE', `the connection ended (${event?.reason})`, event?.reason));
    });
    const connecting = this.client.connect().catch((cause: unknown) => this.end(connectFailure(cause)));
    // The SDK's promise may stay open when the client is closed meanwhile.
    await Promise.race([connecting, this.ended]);
    cancel();
    this.#connected = !this.#over;
    return this.#connected;
  }

  call<T>(request: IpcRequest, run: (client: IpcClient) => Promise<T>, deadlineMs: number): Promise<Result<T>> {
    return new Promise((resolve) => {
      const settle = (result: Result<T>) => {
        cancel();
        this.#waiting.delete(settle);
        resolve(result);
      };
      const cancel = this.#clock.after(deadlineMs, () => {
        settle(fail('E_IPC_TIMEOUT', `${request.operation} within ${deadlineMs} ms`));
        this.#wasSilent();
      });
      // The SDK never settles what was on the way when the connection ended: `end` does.
      this.#waiting.add(settle);
      const refused = (cause: unknown) => settle({ ok: false, error: requestFailure(request, cause) });
      attempt(() => run(this.client)).then((value) => settle(ok(value)), refused);
    });
  }

  /** Ends it, if it has not ended; the first reason stays. */
  end(reason: Failure): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelFarewell?.();
    for (const settle of [...this.#waiting]) settle(fail('E_IPC_OFFLINE', 'the connection ended before the answer'));
    this.#closed = this.#close();
    this.#resolveEnded(reason);
  }

  /**
   * Resolves when the nucleus sees this connection no more. The next one must wait for it: to the classic nucleus, the end
   * of an old stream of configurations to validate ends the new one, too (ConfigStoreIPCEventStreamAgent).
   */
  async closed(): Promise<void> {
    await this.#closed;
  }

  async #close(): Promise<void> {
    const late = Promise.withResolvers<void>();
    const cancel = this.#clock.after(CLOSE_DEADLINE_MS, late.resolve);
    const closing = attempt(() => this.client.close()).catch((err: unknown) =>
      this.#log.debug({ err }, 'an IPC client did not close in order'),
    );
    await Promise.race([closing, late.promise]);
    cancel();
    this.#release(this.#unused);
  }

  /** Nucleus lite has no words for a token that it does not know: it hangs up. The classic one says so before. */
  #nucleusLeft(parting: Parting): void {
    const isDenied = !this.#connected && parting === 'after the token';
    const reason = isDenied
      ? failure('E_IPC_DENIED', 'it hung up on it')
      : failure('E_IPC_UNREACHABLE', 'the nucleus ended the connection');
    if (this.#connected) this.end(reason);
    else this.#cancelFarewell = this.#clock.after(FAREWELL_MS, () => this.end(reason));
  }

  #wasSilent(): void {
    this.#unanswered++;
    if (this.#unanswered < MAX_UNANSWERED) return;
    this.end(failure('E_IPC_TIMEOUT', `${MAX_UNANSWERED} requests were never answered`));
  }
}

/** Makes a rejection of what is thrown at once: the SDK does so when its client is not connected. */
async function attempt<T>(run: () => Promise<T>): Promise<T> {
  return run();
}
