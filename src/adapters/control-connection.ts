import type { Socket } from 'node:net';
import { type Failure, fail, ok, type Result, toFailure } from '../domain/errors.ts';
import type { Cancel, Clock } from '../ports/clock.ts';
import type { ControlAnswer, ExecuteControl } from '../ports/control-server.ts';
import type { Log } from '../ports/log.ts';

/** As much as a command over MQTT may hold. */
const MAX_REQUEST_BYTES = 128 * 1024;
/** Requests of one connection that are under way: one that waits for a rollout, and a few that look at it. */
const MAX_AT_ONCE = 8;
const TOO_MANY = `more than ${MAX_AT_ONCE} requests at once`;
/** Answers that nobody reads must not fill the memory. */
const MAX_UNREAD_BYTES = 1024 * 1024;
/** A connection that asks nothing, or stops in the middle of a line, makes room for another. */
const IDLE_MS = 30_000;

const NEWLINE = 0x0a;
const ID = /^[A-Za-z0-9_.:-]{1,128}$/;

export type ConnectionNeeds = {
  readonly socket: Socket;
  readonly execute: ExecuteControl;
  readonly clock: Clock;
  readonly log: Log;
  readonly makeId: () => string;
};

type Request = {
  readonly verb: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly id: string;
  /** Comes back with the answer, so that a sender may ask several things at once. */
  readonly tag: string | number | undefined;
};

/** One connection to the control socket: lines of requests in, lines of answers out, each as soon as it is known. */
export class ControlConnection {
  readonly #needs: ConnectionNeeds;
  readonly #gone = new AbortController();
  #line: Buffer[] = [];
  #lineBytes = 0;
  #atOnce = 0;
  #cancelIdle: Cancel = () => {};

  constructor(needs: ConnectionNeeds) {
    this.#needs = needs;
    const { socket } = needs;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => this.end());
    this.#watch();
  }

  /** Ends it at once, and tells what runs for it that nobody waits. Idempotent. */
  end(): void {
    this.#needs.socket.destroy();
    this.#cancelIdle();
    this.#gone.abort();
  }

  #take(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      this.#keep(chunk.subarray(from, at));
      from = at + 1;
      const problem = this.#problem() ?? (this.#atOnce >= MAX_AT_ONCE ? TOO_MANY : undefined);
      if (problem !== undefined) {
        this.#refuseAll(problem);
        return;
      }
      const line = Buffer.concat(this.#line).toString('utf8');
      this.#line = [];
      this.#lineBytes = 0;
      void this.#serve(line);
    }
    this.#keep(chunk.subarray(from));
    const problem = this.#problem();
    if (problem !== undefined) this.#refuseAll(problem);
  }

  #problem(): string | undefined {
    return this.#lineBytes > MAX_REQUEST_BYTES
      ? `the request is larger than ${MAX_REQUEST_BYTES / 1024} KB`
      : undefined;
  }

  #keep(part: Buffer): void {
    if (part.length > 0) this.#line.push(part);
    this.#lineBytes += part.length;
  }

  async #serve(line: string): Promise<void> {
    const read = this.#read(line);
    if (!read.ok) {
      this.#answer(read);
      return;
    }
    const { tag, ...request } = read.value;
    this.#atOnce++;
    this.#cancelIdle();
    const { execute, log } = this.#needs;
    const answer = await execute({ ...request, signal: this.#gone.signal }).catch((thrown): ControlAnswer => {
      log.error({ verb: request.verb, err: thrown }, 'control request');
      return { ok: false, error: toFailure(thrown) };
    });
    this.#atOnce--;
    if (this.#atOnce === 0) this.#watch();
    this.#answer(answer, { tag, id: request.id });
  }

  #read(line: string): Result<Request> {
    const document = parse(line);
    if (!isObject(document)) return fail('E_COMMAND_MALFORMED', 'a request is a JSON object on one line');
    const { verb, args = {}, id = this.#needs.makeId(), tag, ...rest } = document;
    const [unknown] = Object.keys(rest);
    if (unknown !== undefined) return fail('E_COMMAND_MALFORMED', `${unknown} is no field of a request`);
    if (typeof verb !== 'string') return fail('E_COMMAND_MALFORMED', 'verb: must be a text');
    if (!isObject(args)) return fail('E_COMMAND_MALFORMED', 'args: must be an object');
    if (typeof id !== 'string' || !ID.test(id))
      return fail('E_COMMAND_MALFORMED', 'id: 1 to 128 of A-Z a-z 0-9 _ . : -');
    if (tag !== undefined && typeof tag !== 'string' && typeof tag !== 'number')
      return fail('E_COMMAND_MALFORMED', 'tag: must be a text or a number');
    return ok({ verb, args, id, tag });
  }

  #answer(answer: ControlAnswer, about: { tag?: string | number | undefined; id?: string } = {}): void {
    const { socket } = this.#needs;
    if (socket.destroyed || !socket.writable) return;
    socket.write(`${write(answer, about)}\n`);
    if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
  }

  /** Says why and hangs up: what follows cannot be told apart any more. */
  #refuseAll(why: string): void {
    const { socket } = this.#needs;
    this.#line = [];
    this.#lineBytes = 0;
    socket.removeAllListeners('data');
    socket.pause();
    this.#answer(fail('E_COMMAND_MALFORMED', why));
    socket.end(() => socket.destroy());
  }

  #watch(): void {
    if (this.#needs.socket.destroyed) return;
    this.#cancelIdle();
    this.#cancelIdle = this.#needs.clock.after(IDLE_MS, () => this.end());
  }
}

/** A result that JSON cannot say is a bug of its verb, and no reason to end the agent. */
function write(answer: ControlAnswer, about: object): string {
  const { ok: fine } = answer;
  const error = answer.ok ? undefined : plain(answer.error);
  try {
    return JSON.stringify({ ...about, ok: fine, result: answer.ok ? answer.value : answer.result, error });
  } catch (thrown) {
    return JSON.stringify({ ...about, ok: false, error: plain(toFailure(thrown)) });
  }
}

function plain({ code, message }: Failure) {
  return { code, message };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
