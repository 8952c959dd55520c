import type { Socket } from 'node:net';
import type { Dialect } from './dialect.ts';
import { FRAME_FLAG, FRAME_TYPE, type Frame } from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { connectAck, malformed, message, NAMESPACE, pingResponse, refused, unsupported } from './messages.ts';
import type { JsonObject, Nucleus, Operation } from './operation.ts';
import type { OperationTable } from './operations.ts';
import { Outlet } from './outlet.ts';
import { Refusal } from './refusal.ts';
import { parseObject } from './request.ts';
import { Stream } from './stream.ts';

/** Operations of one client that are answered at once; the rest waits in its socket. */
const MAX_RUNNING = 256;
const PROTOCOL_VERSION = '0.1.0';

export type SessionParts = {
  readonly socket: Socket;
  readonly nucleus: Nucleus;
  readonly dialect: Dialect;
  readonly operations: OperationTable;
  /** Takes one of the subscriptions that all clients share; false: none is left. */
  readonly takeSubscription: () => boolean;
  readonly giveSubscriptionBack: () => void;
};

/** One client of the IPC: its handshake, then its streams. */
export class Session {
  readonly #parts: SessionParts;
  readonly #reader: FrameReader;
  readonly #outlet: Outlet;
  readonly #streams = new Map<number, Stream>();
  #component: string | undefined;
  #running = 0;

  constructor(parts: SessionParts) {
    this.#parts = parts;
    this.#reader = new FrameReader(parts.dialect.maxFrameBytes);
    this.#outlet = new Outlet(parts.socket, parts.dialect);
  }

  /** Call once. */
  start(): void {
    const { socket } = this.#parts;
    socket.on('data', (chunk) => this.#read(chunk));
    // What went wrong does not matter: `close` follows, and the client connects again.
    socket.on('error', () => {});
    socket.once('close', () => this.#closeStreams());
  }

  cut(): void {
    this.#parts.socket.destroy();
    this.#closeStreams();
  }

  #read(chunk: Uint8Array): void {
    const { frames, broken } = this.#reader.push(chunk);
    for (const frame of frames) {
      if (!this.#parts.socket.writable) return;
      if (!this.#take(frame)) {
        this.cut();
        return;
      }
    }
    if (broken) this.cut();
  }

  /** False: after such a frame the nucleus ends the connection. */
  #take(frame: Frame): boolean {
    if (this.#component === undefined) return this.#connect(frame);
    if (frame.stream !== 0) return this.#takeOnStream(this.#component, frame);
    if (frame.type !== FRAME_TYPE.ping || this.#isLite) return false;
    this.#outlet.send(pingResponse(frame.payload));
    return true;
  }

  #connect(frame: Frame): boolean {
    const component = this.#authenticate(frame);
    if (component === undefined) {
      const tells = this.#parts.dialect.tellsRefusedClients && frame.type === FRAME_TYPE.connect;
      if (!tells) return false;
      this.#outlet.send(connectAck(false));
      // Ends once the answer is out; whatever the client sends meanwhile is not read.
      this.#parts.socket.removeAllListeners('data').destroySoon();
      return true;
    }
    this.#component = component;
    this.#outlet.send(connectAck(true));
    return true;
  }

  #authenticate(frame: Frame): string | undefined {
    if (frame.type !== FRAME_TYPE.connect || frame.stream !== 0) return undefined;
    if (frame.headers[':version'] !== PROTOCOL_VERSION) return undefined;
    const token = parseObject(frame.payload)?.['authToken'];
    return typeof token === 'string' ? this.#parts.nucleus.services.authenticate(token) : undefined;
  }

  #takeOnStream(component: string, frame: Frame): boolean {
    const open = this.#streams.get(frame.stream);
    if ((frame.flags & FRAME_FLAG.terminateStream) !== 0) {
      open?.close();
      return true;
    }
    // No operation takes more than its request: what follows on its stream means nothing.
    if (open !== undefined) return true;
    const name = frame.headers['operation'];
    if (frame.type !== FRAME_TYPE.message || frame.flags !== 0 || name === undefined) {
      if (!this.#isLite) return false;
      this.#outlet.send(refused(frame.stream, 'lite', new Refusal('ServiceError')));
      return true;
    }
    this.#request(component, frame, name);
    return true;
  }

  #request(component: string, frame: Frame, name: string): void {
    const { operations, nucleus } = this.#parts;
    const { mode } = nucleus.services;
    const operation = name.startsWith(NAMESPACE) ? operations.find(name.slice(NAMESPACE.length)) : undefined;
    const request = parseObject(frame.payload);
    if (operation === undefined) {
      const answer = mode === 'classic' ? unsupported(frame.stream, name) : undefined;
      this.#outlet.send(answer ?? refused(frame.stream, mode, new Refusal('ServiceError')));
      return;
    }
    if (request === undefined) {
      const answer = mode === 'classic' ? malformed(frame.stream) : undefined;
      this.#outlet.send(answer ?? refused(frame.stream, mode, new Refusal('ServiceError')));
      return;
    }
    void this.#answer(component, frame.stream, operation, request);
  }

  async #answer(component: string, id: number, operation: Operation, request: JsonObject): Promise<void> {
    const { nucleus, takeSubscription, giveSubscriptionBack, dialect } = this.#parts;
    const { mode } = nucleus.services;
    const { events } = operation;
    if (events !== undefined && !takeSubscription()) {
      this.#outlet.send(refused(id, mode, new Refusal('ServiceError', 'Failed to bind subscription.')));
      return;
    }
    const stream = new Stream((event) => this.#outlet.send(message(id, events ?? '', event, false)));
    this.#streams.set(id, stream);
    stream.onClosed(() => {
      this.#streams.delete(id);
      if (events !== undefined) giveSubscriptionBack();
    });
    this.#count(1);
    const answer = await this.#handle(component, operation, request, stream);
    this.#count(-1);
    if (!stream.open) return;
    if (answer instanceof Refusal) {
      this.#outlet.send(refused(id, mode, answer));
      return stream.close();
    }
    const ends = events === undefined;
    const shape = `${operation.name}Response`;
    if (!this.#outlet.send(message(id, shape, answer, ends && dialect.endsUnaryStreams))) {
      this.#outlet.send(refused(id, mode, new Refusal('ServiceError')));
      return stream.close();
    }
    if (ends) stream.close();
    else stream.answered();
  }

  async #handle(component: string, operation: Operation, request: JsonObject, stream: Stream) {
    const { nucleus } = this.#parts;
    try {
      return await operation.handle({ component, request, stream, nucleus });
    } catch (cause) {
      rethrow(cause);
      return new Refusal('ServiceError', cause instanceof Error ? cause.message : String(cause));
    }
  }

  /** Stops reading while too much is in progress. */
  #count(change: 1 | -1): void {
    this.#running += change;
    if (this.#running >= MAX_RUNNING) this.#parts.socket.pause();
    else if (this.#parts.socket.isPaused()) this.#parts.socket.resume();
  }

  #closeStreams(): void {
    for (const stream of [...this.#streams.values()]) stream.close();
  }

  get #isLite(): boolean {
    return this.#parts.nucleus.services.mode === 'lite';
  }
}

/** A bug in the simulator should not hide in an answer. */
function rethrow(cause: unknown): void {
  queueMicrotask(() => {
    throw cause;
  });
}
