import type { Handler, Incoming } from '../../ports/bus.ts';
import type { Log } from '../../ports/log.ts';
import { callHandlers } from '../call-handlers.ts';

/** What may wait behind a slow handler. IPC has no acknowledgement that could be held back, so the rest is thrown away. */
const MAX_WAITING_BYTES = 4_194_304;
/** What a waiting message costs beside its payload, so that many empty ones are bounded too. */
const BYTES_A_MESSAGE = 300;

type Delivery = { readonly message: Incoming; readonly handlers: readonly Handler[] };

/** Gives messages to their handlers one after another, never nested; what a handler promises, the next message waits for. */
export class Deliveries {
  readonly #log: Log;
  readonly #waiting: Delivery[] = [];
  #waitingBytes = 0;
  #busy = false;
  #ended = false;
  /** Thrown away since the last one that found room. */
  #dropped = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  push(message: Incoming, handlers: readonly Handler[]): void {
    if (this.#ended) return;
    const bytes = sizeOf(message);
    if (this.#waitingBytes + bytes > MAX_WAITING_BYTES) {
      this.#drop(message);
      return;
    }
    this.#dropped = 0;
    this.#waitingBytes += bytes;
    this.#waiting.push({ message, handlers });
    this.#next();
  }

  /** Gives nothing more to any handler. */
  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
  }

  #next(): void {
    while (!this.#busy) {
      const delivery = this.#waiting.shift();
      if (delivery === undefined) return;
      this.#waitingBytes -= sizeOf(delivery.message);
      this.#busy = true;
      const { message, handlers } = delivery;
      const waiting = callHandlers(message, handlers, this.#log, () => this.#ended);
      if (waiting === undefined) this.#busy = false;
      else void waiting.then(() => this.#goOn());
    }
  }

  #goOn(): void {
    this.#busy = false;
    this.#next();
  }

  /** Told once, until there is room again: the flood that fills this would fill the log too. */
  #drop({ topic }: Incoming): void {
    if (this.#dropped++ === 0) this.#log.warn({ topic }, 'handlers do not keep up, messages are thrown away');
  }
}

function sizeOf({ topic, payload }: Incoming): number {
  return topic.length + payload.length + BYTES_A_MESSAGE;
}
