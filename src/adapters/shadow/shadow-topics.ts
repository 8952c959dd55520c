import { fail, ok, type Result } from '../../domain/errors.ts';
import type { Bus } from '../../ports/bus.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Shadow, ShadowDocument } from '../../ports/shadow.ts';
import { merge } from './merge.ts';
import { part, readServiceMessage, type ServiceMessage } from './service-message.ts';

/** AWS IoT: a shadow document and the update that makes it. */
const MAX_SHADOW_BYTES = 8 * 1024;
/** A shadow service answers in well under a second; a plain broker never does. */
export const ANSWER_DEADLINE_MS = 5_000;

/** What a service answers to a get before the first update. */
const NO_SHADOW = 404;

/** What carries the topics of a shadow. */
export type ShadowBus = Pick<Bus, 'state' | 'onState' | 'subscribe' | 'publishAcked'>;

export type ShadowNeeds = {
  readonly thing: string;
  /** Name of the named shadow. */
  readonly name: string;
  readonly bus: ShadowBus;
  readonly clock: Clock;
  readonly log: Log;
  /** ANSWER_DEADLINE_MS unless given. */
  readonly answerMs?: number | undefined;
};

/** What the topics of a named shadow begin with. */
export function shadowPrefix(thing: string, name: string): string {
  return `$aws/things/${thing}/shadow/name/${name}`;
}

type Listener = (desired: ShadowDocument, version: number) => void;
type Answer = (answer: Result<ServiceMessage>) => void;

/**
 * The named shadow by its MQTT topics, as AWS IoT, Greengrass and others serve them, over any bus.
 *
 * It asks for the document after each connect, and again when somebody else has changed what is desired. A request is
 * matched with its answer by a client token and ends after ANSWER_DEADLINE_MS. A broker without a shadow service costs
 * one unanswered message a request: reports fail with E_SHADOW_UNACKNOWLEDGED, and nothing waits or piles up.
 */
export class ShadowTopics implements Shadow {
  readonly #needs: ShadowNeeds;
  readonly #prefix: string;
  readonly #listeners = new Set<Listener>();
  /** Requests without an answer, by client token: one report and one get at most. */
  readonly #waiting = new Map<string, Answer>();
  #requests = 0;
  /** Of the newest delta or get. */
  #version = 0;
  /** Deltas seen: an answer to a get that was asked before the last one is older than it. */
  #deltas = 0;
  #reporting = false;
  #getting = false;
  #getAgain = false;
  #reported: ShadowDocument | undefined;
  #stopListening: Cancel | undefined;

  constructor(needs: ShadowNeeds) {
    this.#needs = needs;
    this.#prefix = shadowPrefix(needs.thing, needs.name);
  }

  get reported(): ShadowDocument | undefined {
    return this.#reported;
  }

  async start(): Promise<void> {
    const { bus } = this.#needs;
    this.#subscribe('update/accepted', (message) => this.#updated(message));
    this.#subscribe('update/rejected', (message) => this.#rejected(message));
    this.#subscribe('update/delta', (message) => this.#delta(message));
    this.#subscribe('get/accepted', (message) => this.#answer(message.clientToken, ok(message)));
    this.#subscribe('get/rejected', (message) => this.#rejected(message));
    this.#stopListening = bus.onState((state) => {
      if (state === 'online') void this.#get();
      else this.#endAll();
    });
    if (bus.state === 'online') void this.#get();
  }

  async stop(): Promise<void> {
    this.#stopListening?.();
    this.#stopListening = undefined;
    this.#listeners.clear();
    this.#endAll();
  }

  onDesired(listener: Listener): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async report(reported: ShadowDocument, desired?: ShadowDocument): Promise<Result<void>> {
    if (this.#reporting) return fail('E_SHADOW_UNACKNOWLEDGED', 'the update before it has no answer yet');
    this.#reporting = true;
    const answer = await this.#request('update', {
      state: desired === undefined ? { reported } : { reported, desired },
    });
    this.#reporting = false;
    if (!answer.ok) return answer;
    // Its version is not taken: a delta of an earlier one may still be on its way, on another topic.
    if (this.#reported !== undefined) this.#reported = merge(this.#reported, reported);
    else if (!this.#getting) void this.#get(); // there is a service after all
    return ok(undefined);
  }

  /** Asks for the whole document: what is reported, and where it differs from what is desired. */
  async #get(): Promise<void> {
    if (this.#getting) {
      this.#getAgain = true;
      return;
    }
    this.#getting = true;
    const deltas = this.#deltas;
    const answer = await this.#request('get', {});
    this.#getting = false;
    if (answer.ok) this.#got(answer.value, deltas);
    else if (answer.error.cause === NO_SHADOW) this.#got({ state: {}, version: 0 }, deltas);
    else this.#needs.log.debug({ error: answer.error }, 'shadow not read');
    if (!this.#getAgain) return;
    this.#getAgain = false;
    void this.#get();
  }

  #got({ state, version = 0 }: Pick<ServiceMessage, 'state' | 'version'>, deltas: number): void {
    if (version < this.#version && deltas !== this.#deltas) return;
    // A lower version than before, with no newer delta since: the shadow was deleted and made anew.
    this.#version = version;
    this.#reported = part(state, 'reported');
    this.#tell(part(state, 'delta'), version);
  }

  #delta({ state, version }: ServiceMessage): void {
    if (version === undefined || state === undefined || version <= this.#version) return;
    this.#deltas++;
    this.#version = version;
    this.#tell(state, version);
  }

  #updated(message: ServiceMessage): void {
    if (this.#answer(message.clientToken, ok(message))) return;
    // Somebody else's: when it made the last difference vanish, no delta would ever say so.
    if (message.state?.['desired'] !== undefined) void this.#get();
  }

  #rejected({ clientToken, code, message }: ServiceMessage): void {
    this.#answer(clientToken, fail('E_SHADOW_REJECTED', `${code ?? 'no code'} ${message}`.slice(0, 200), code));
  }

  #tell(desired: ShadowDocument, version: number): void {
    for (const listener of this.#listeners) listener(desired, version);
  }

  #answer(clientToken: string | undefined, answer: Result<ServiceMessage>): boolean {
    const take = clientToken === undefined ? undefined : this.#waiting.get(clientToken);
    take?.(answer);
    return take !== undefined;
  }

  /** Publishes one request and waits for its answer. */
  async #request(kind: 'update' | 'get', body: ShadowDocument): Promise<Result<ServiceMessage>> {
    const { bus, clock, answerMs = ANSWER_DEADLINE_MS } = this.#needs;
    const clientToken = `edge-${clock.now().toString(36)}-${++this.#requests}`;
    const payload = JSON.stringify({ ...body, clientToken });
    if (Buffer.byteLength(payload) > MAX_SHADOW_BYTES) return fail('E_SHADOW_TOO_LARGE', `${payload.length} bytes`);
    const { promise, resolve } = Promise.withResolvers<Result<ServiceMessage>>();
    this.#waiting.set(clientToken, resolve);
    const cancel = clock.after(answerMs, () => resolve(fail('E_SHADOW_UNACKNOWLEDGED')));
    void bus.publishAcked({ topic: `${this.#prefix}/${kind}`, payload }).then((sent) => {
      if (!sent.ok) resolve(sent);
    });
    const answer = await promise;
    cancel();
    this.#waiting.delete(clientToken);
    return answer;
  }

  /** The connection is gone, and with it the answers. */
  #endAll(): void {
    for (const take of this.#waiting.values()) take(fail('E_BUS_OFFLINE'));
  }

  #subscribe(topic: string, handle: (message: ServiceMessage) => void): void {
    this.#needs.bus.subscribe(`${this.#prefix}/${topic}`, 1, ({ payload, retained }) => {
      const message = retained ? undefined : readServiceMessage(payload);
      if (message !== undefined) handle(message);
    });
  }
}
