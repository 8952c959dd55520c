import type { IpcClient } from '../../src/adapters/greengrass/client.ts';
import type { IpcRequest } from '../../src/adapters/greengrass/ipc-errors.ts';
import type { EndStream, IpcLink } from '../../src/adapters/greengrass/link.ts';
import type { StreamNeeds } from '../../src/adapters/greengrass/restored-stream.ts';
import type { StateListener } from '../../src/adapters/told-state.ts';
import {
  EdgeError,
  type ErrorCode,
  type Failure,
  fail,
  failure,
  ok,
  type Result,
  toFailure,
} from '../../src/domain/errors.ts';
import type { BusState } from '../../src/ports/bus.ts';

type Stream = {
  readonly operation: string;
  readonly resource: string | undefined;
  readonly maxSilenceMs: number | undefined;
  /** Ends of streams come after the reply of the nucleus. */
  readonly push: (message: unknown) => void;
  readonly outcome: (code?: ErrorCode) => void;
};

/** A connection to a nucleus that is played by the test. */
export class FakeLink implements Pick<IpcLink, 'call' | 'subscribe' | 'onState' | 'state' | 'lastError' | 'renew'> {
  state: BusState = 'offline';
  lastError: Failure | undefined;
  /** Why a new client was asked for. */
  readonly renewed: Failure[] = [];
  /** Resources of streams that were opened anew. */
  readonly reopened: (string | undefined)[] = [];
  /** What the nucleus answers, by the method of the client; throw `refuse(code)` for a failure. Others answer `{}`. */
  readonly answers: Record<string, (request: never) => unknown> = {};
  /** Every call that reached the nucleus. */
  readonly calls: { readonly method: string; readonly request: unknown }[] = [];
  /** Operations of streams that do not stand, and why. */
  readonly refused: Record<string, ErrorCode> = {};
  readonly streams = new Set<Stream>();
  readonly #listeners = new Set<StateListener>();
  readonly #client: IpcClient;

  constructor() {
    const play = (method: string) => async (request: unknown) => {
      this.calls.push({ method, request });
      return (await this.answers[method]?.(request as never)) ?? {};
    };
    this.#client = new Proxy({}, { get: (_, method) => play(String(method)) }) as IpcClient;
  }

  async call<T>({ operation }: IpcRequest, run: (client: IpcClient) => Promise<T>): Promise<Result<T>> {
    if (this.state !== 'online') return fail('E_IPC_OFFLINE', operation);
    try {
      return ok(await run(this.#client));
    } catch (thrown) {
      return { ok: false, error: toFailure(thrown) };
    }
  }

  subscribe<M>({ operation, resource, maxSilenceMs, onMessage, onOutcome }: StreamNeeds<M>): EndStream {
    const stream: Stream = {
      operation,
      resource,
      maxSilenceMs,
      push: (message) => onMessage(message as M),
      outcome: (code) => onOutcome?.(code && failure(code)),
    };
    this.streams.add(stream);
    if (this.state === 'online') this.#attach(stream);
    const end = async () => {
      this.streams.delete(stream);
    };
    const reopen = () => {
      this.reopened.push(resource);
      this.#attach(stream);
    };
    return Object.assign(end, { reopen });
  }

  onState(listener: StateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  renew(reason: Failure): void {
    this.renewed.push(reason);
  }

  // What the test does to it.

  goOnline(): void {
    this.#tell('online');
    for (const stream of [...this.streams]) this.#attach(stream);
  }

  goOffline(): void {
    this.#tell('offline');
  }

  /** Sends a message on every stream of an operation (and a resource); false: there is none. */
  push(operation: string, message: unknown, resource?: string): boolean {
    const wanted = [...this.streams].filter(
      (stream) => stream.operation === operation && (resource === undefined || stream.resource === resource),
    );
    for (const stream of wanted) stream.push(message);
    return wanted.length > 0;
  }

  /** The requests of one method, in order. */
  requests(method: string): unknown[] {
    return this.calls.filter((call) => call.method === method).map(({ request }) => request);
  }

  #attach(stream: Stream): void {
    queueMicrotask(() => this.streams.has(stream) && stream.outcome(this.refused[stream.operation]));
  }

  #tell(state: BusState): void {
    this.state = state;
    for (const listener of [...this.#listeners]) listener(state, undefined);
  }
}

/** What a nucleus that refuses makes a call throw. */
export function refuse(code: ErrorCode, detail?: string): EdgeError {
  return new EdgeError(failure(code, detail));
}
