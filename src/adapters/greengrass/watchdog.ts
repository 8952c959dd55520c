import { type Failure, failure } from '../../domain/errors.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { IpcLink } from './link.ts';

/** A pulse costs the nucleus a millisecond. Twice a minute it is nothing, and a lost subscription is noticed soon enough. */
const PULSE_MS = 30_000;
/** A nucleus busy with a deployment may be late with one or two. */
const MISSED_PULSES = 3;
/** A new client that does not help makes the next one wait twice as long, up to half an hour: each costs a gap. */
const MAX_FRUITLESS = 4;

export type WatchdogNeeds = {
  readonly link: Pick<IpcLink, 'call' | 'subscribe' | 'onState' | 'renew'>;
  /** A local topic of our own, to publish and to subscribe to. */
  readonly topic: string;
  readonly clock: Clock;
  readonly log: Log;
};

/**
 * Notices subscriptions that were lost without a word, as when a nucleus restarts its publish/subscribe behind its IPC.
 * It publishes a pulse that it subscribes to itself; when none comes back, the link gets a new client.
 */
export class Watchdog {
  readonly #needs: WatchdogNeeds;
  #cancel: Cancel | undefined;
  #unsubscribe: (() => Promise<void>) | undefined;
  #stopListening: (() => void) | undefined;
  /** The subscription stands: the nucleus said so. */
  #standing = false;
  #allowed = true;
  #missed = 0;
  #fruitless = 0;
  #told = false;

  constructor(needs: WatchdogNeeds) {
    this.#needs = needs;
  }

  start(): void {
    const { link, topic, clock } = this.#needs;
    this.#stopListening = link.onState(() => this.#newClient());
    this.#unsubscribe = link.subscribe({
      operation: 'SubscribeToTopic',
      resource: topic,
      open: (client) => client.subscribeToTopic({ topic }),
      onMessage: () => this.#heard(),
      onOutcome: (error) => this.#answered(error),
    });
    this.#cancel = clock.every(PULSE_MS, () => this.#beat());
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#cancel?.();
    this.#stopListening?.();
    await this.#unsubscribe?.();
  }

  #heard(): void {
    this.#missed = 0;
    this.#fruitless = 0;
  }

  #answered(error: Failure | undefined): void {
    this.#standing = error === undefined;
    this.#missed = 0;
    if (error === undefined) this.#allowed = true;
    else if (error.code === 'E_IPC_UNAUTHORIZED') this.#off(error);
  }

  #newClient(): void {
    this.#standing = false;
    this.#allowed = true;
    this.#missed = 0;
  }

  #beat(): void {
    // A subscription that was refused, or is being opened, is not lost silently.
    if (!this.#standing || !this.#allowed) return;
    if (this.#missed >= MISSED_PULSES * 2 ** this.#fruitless) this.#renew();
    else void this.#pulse();
  }

  #renew(): void {
    const { link, log } = this.#needs;
    const silentMs = this.#missed * PULSE_MS;
    this.#missed = 0;
    this.#fruitless = Math.min(this.#fruitless + 1, MAX_FRUITLESS);
    log.warn({ silentMs }, 'subscriptions are silent, a new IPC client is made');
    link.renew(failure('E_IPC_TIMEOUT', `no pulse came back for ${silentMs / 1000} s`));
  }

  async #pulse(): Promise<void> {
    const { link, topic } = this.#needs;
    this.#missed++;
    const request = { operation: 'PublishToTopic', resource: topic };
    const publishMessage = { binaryMessage: { message: 'pulse' } };
    const sent = await link.call(request, (client) => client.publishToTopic({ topic, publishMessage }));
    // What the nucleus says it could not do is not silence.
    if (sent.ok || sent.error.code === 'E_IPC_TIMEOUT') return;
    this.#missed = 0;
    if (sent.error.code === 'E_IPC_UNAUTHORIZED') this.#off(sent.error);
  }

  /** Told once: what cannot be watched is not worse than before. */
  #off({ code, message: reason }: Failure): void {
    this.#allowed = false;
    if (this.#told) return;
    this.#told = true;
    this.#needs.log.warn({ code, reason }, 'lost subscriptions will not be noticed');
  }
}
