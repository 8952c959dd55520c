import { EventEmitter } from 'node:events';
import type { IpcClient, MadeClient } from '../../src/adapters/greengrass/client.ts';
import type { Parting } from '../../src/adapters/greengrass/relay.ts';
import type { IpcStream } from '../../src/adapters/greengrass/restored-stream.ts';

/** A streaming operation that the test answers. */
export class FakeStream extends EventEmitter implements IpcStream<unknown> {
  closed = false;
  readonly #answer = Promise.withResolvers<void>();

  activate(): Promise<void> {
    return this.#answer.promise;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** The nucleus accepts the subscription, or refuses it. */
  answer(error?: unknown): void {
    if (error === undefined) this.#answer.resolve();
    else this.#answer.reject(error);
  }
}

/** A client of the SDK: connects when the test says so. */
export class FakeIpcClient extends EventEmitter {
  closed = false;
  released = false;
  readonly streams: FakeStream[] = [];
  /** The nucleus leaves. */
  readonly left = Promise.withResolvers<Parting>();
  readonly #connected = Promise.withResolvers<void>();
  #mayClose: Promise<void> | undefined;

  connect(): Promise<void> {
    return this.#connected.promise;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.#mayClose;
  }

  subscribeToTopic(): FakeStream {
    const stream = new FakeStream();
    this.streams.push(stream);
    return stream;
  }

  // What the test does to it.

  accept(): void {
    this.#connected.resolve();
  }

  refuse(error: unknown): void {
    this.#connected.reject(error);
  }

  /** Its closing takes until the returned function is called. */
  holdClose(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#mayClose = promise;
    return resolve;
  }

  lose(reason = 'the test cut it'): void {
    this.emit('disconnection', { reason });
  }
}

/** Makes clients for a link, and keeps them. */
export class FakeClients {
  readonly made: FakeIpcClient[] = [];

  get last(): FakeIpcClient {
    const client = this.made.at(-1);
    if (client === undefined) throw new Error('no client was made');
    return client;
  }

  readonly make = async (): Promise<MadeClient> => {
    const client = new FakeIpcClient();
    this.made.push(client);
    const release = () => {
      client.released = true;
    };
    return { client: client as unknown as IpcClient, release, lost: client.left.promise };
  };
}

/** An error as the SDK throws it for what the nucleus answers. */
export function serviceError(code: string, text = ''): Error {
  const error = new Error('Eventstream RPC request failed.  Check serviceError property for details.');
  return Object.assign(error, { type: 8, serviceError: { _errorCode: code, _message: text } });
}
