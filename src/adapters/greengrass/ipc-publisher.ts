import { type Failure, fail, failure, ok, type Result } from '../../domain/errors.ts';
import { isValidTopic } from '../../domain/topic-filter.ts';
import type { Outgoing } from '../../ports/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { IpcClient } from './client.ts';
import type { IpcTransport } from './ipc-transport.ts';
import type { IpcLink } from './link.ts';
import { Reach } from './reach.ts';

/** Direct messages that the nucleus has not answered yet; with more it does not keep up. About what a second brings. */
const CHOKED_MESSAGES = 256;
/** A nucleus that leaves a message unanswered for so long is as good as gone, though the connection stands. */
const ACK_DEADLINE_MS = 30_000;
/** A message failed although the way is open: the nucleus may be full for a moment. 0.25 s to 8 s, 16 s altogether. */
const FIRST_RETRY_MS = 250;
const MAX_RETRIES = 6;
/** A nucleus that spools says yes while the cloud is away, and loses its spool with the power. So we ask before. */
const PROOF_HOLDS_MS = 10_000;

export type PublisherNeeds = {
  readonly link: Pick<IpcLink, 'call' | 'renew'>;
  readonly transport: IpcTransport;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Told when what is behind the nucleus cannot be reached, and when it can be again. */
  readonly onReach: (failure: Failure | undefined) => void;
  /** Whether publishing makes sense now. */
  readonly isOnline: () => boolean;
};

/** Publishes through the nucleus, and counts what is on the way. E_BUS_OFFLINE comes only when the bus goes offline too. */
export class IpcPublisher {
  readonly #needs: PublisherNeeds;
  readonly #reach: Reach;
  readonly #stop = new AbortController();
  #direct = 0;
  #acked = 0;
  #whenIdle: (() => void) | undefined;
  /** The last failure of a direct message that was told. */
  #told: string | undefined;

  constructor(needs: PublisherNeeds) {
    this.#needs = needs;
    const { clock, random, onReach } = needs;
    const ask = () => this.#send({ topic: needs.transport.probeTopic, payload: '' }, 0);
    this.#reach = new Reach({ clock, random, ask, onChange: onReach });
  }

  get window(): number {
    return Math.max(0, this.#needs.transport.maxInFlight - this.#acked);
  }

  /** False: the nucleus does not keep up, and nothing was sent. */
  publishDirect(messages: readonly Outgoing[]): boolean {
    if (this.#direct >= CHOKED_MESSAGES) return false;
    for (const message of messages) void this.#sendDirect(message);
    return true;
  }

  async publishAcked(message: Outgoing): Promise<Result<void>> {
    const refusal = this.#refusal(message);
    if (refusal !== undefined) return { ok: false, error: refusal };
    if (this.window <= 0) return fail('E_BUS_BUSY', `${this.#acked} are on the way`);
    this.#acked++;
    const result = await this.#sendAcked(message);
    this.#acked--;
    if (this.#acked === 0) this.#whenIdle?.();
    return result;
  }

  /** Tells whether the way behind the nucleus is open; asks, unless something has just passed. */
  async isOpen(): Promise<boolean> {
    return this.#reach.provenWithin(PROOF_HOLDS_MS) || this.#reach.check(false);
  }

  /** Something else than a message did not pass: finds out whether anything does. */
  suspect(): void {
    if (this.#reach.open) void this.#reach.check(true);
  }

  /** Forgets what it knew of the way: the connection to the nucleus is a new one, or none. */
  reset(): void {
    this.#reach.reset();
  }

  /** Resolves when no acknowledged message is on the way. */
  idle(): Promise<void> {
    if (this.#acked === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenIdle = resolve;
    });
  }

  stop(): void {
    this.#stop.abort();
    this.#reach.reset();
  }

  #refusal(message: Outgoing): Failure | undefined {
    if (!isValidTopic(message.topic)) return failure('E_TOPIC_INVALID', JSON.stringify(message.topic));
    return this.#needs.transport.refusal(message);
  }

  async #sendDirect(message: Outgoing): Promise<void> {
    const refusal = this.#refusal(message);
    if (refusal !== undefined) {
      this.#needs.log.error({ topic: message.topic, code: refusal.code, why: refusal.message }, 'message not sent');
      return;
    }
    this.#direct++;
    const sent = await this.#send(message, 0);
    this.#direct--;
    if (sent.ok) this.#told = undefined;
    else this.#directFailed(message, sent.error);
  }

  /** Each code is told once until a message passes: a result every 10 ms would fill the log. */
  #directFailed({ topic }: Outgoing, { code, message: why }: Failure): void {
    if (code === 'E_IPC_FAILED') this.suspect();
    if (code === 'E_IPC_OFFLINE' || this.#told === code) return;
    this.#told = code;
    this.#needs.log.warn({ topic, code, why }, 'messages do not pass');
  }

  async #sendAcked(message: Outgoing): Promise<Result<void>> {
    const { transport, clock, link, isOnline } = this.#needs;
    if (transport.spools && !(await this.isOpen())) {
      return fail('E_BUS_OFFLINE', `${transport.name} cannot be reached`);
    }
    for (let tried = 0; ; tried++) {
      const sent = await this.#send(message, 1);
      if (sent.ok) return sent;
      const { code, message: why } = sent.error;
      if (code === 'E_IPC_TIMEOUT') link.renew(sent.error);
      if (code === 'E_IPC_OFFLINE' || code === 'E_IPC_TIMEOUT') return fail('E_BUS_OFFLINE', why, sent.error);
      if (code !== 'E_IPC_FAILED') return sent;
      if (!(await this.#reach.check(true))) return fail('E_BUS_OFFLINE', why, sent.error);
      if (tried === MAX_RETRIES) return fail('E_BUS_REJECTED', why, sent.error);
      await clock.sleep(FIRST_RETRY_MS * 2 ** tried, this.#stop.signal).catch(() => {});
      if (!isOnline()) return fail('E_BUS_OFFLINE', why, sent.error);
    }
  }

  async #send(message: Outgoing, qos: 0 | 1): Promise<Result<void>> {
    const { transport, link } = this.#needs;
    const request = { operation: transport.publishOperation, resource: message.topic };
    const send = (client: IpcClient) => transport.send(client, message, qos);
    const sent = await link.call(request, send, { deadlineMs: ACK_DEADLINE_MS });
    if (!sent.ok) return sent;
    // A spool that took a QoS 1 message proves nothing; it takes QoS 0 only while the cloud is there.
    if (qos === 0 || !transport.spools) this.#reach.proven();
    return ok(undefined);
  }
}
