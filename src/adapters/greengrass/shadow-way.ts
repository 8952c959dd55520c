import { fail, type Result } from '../../domain/errors.ts';
import type { Bus, BusState, Handler } from '../../ports/bus.ts';
import type { Cancel, Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { ShadowBus } from '../shadow/shadow-topics.ts';
import type { IpcLink } from './link.ts';
import { CloudShadow } from './shadow-cloud.ts';
import { ShadowManager } from './shadow-manager.ts';
import type { Request, ShadowService } from './shadow-service.ts';

/** ShadowManager said neither yes nor no: it is still starting, or its database is in trouble. */
const ASK_AGAIN_MS = 10_000;

export type ShadowWayNeeds = {
  readonly thing: string;
  /** Name of the named shadow. */
  readonly name: string;
  readonly link: Pick<IpcLink, 'call' | 'subscribe' | 'onState' | 'state'>;
  /** AWS IoT Core through the nucleus. */
  readonly iotCore: Pick<Bus, 'publishAcked' | 'onState' | 'state'>;
  readonly clock: Clock;
  readonly log: Log;
};

type Listener = Parameters<Bus['onState']>[0];
type Way = 'shadow-manager' | 'iotcore';
type Chosen = {
  readonly way: Way;
  readonly service: ShadowService;
  /** Its subscriptions have been tried. */
  stands: boolean;
};

/**
 * Carries the topics of our shadow: to ShadowManager where it is, else to AWS IoT Core. After each connect it is asked once
 * for the shadow, and its answer holds until the connection ends: only a nucleus that starts anew has other plugins.
 */
export class ShadowWay implements ShadowBus {
  readonly #needs: ShadowWayNeeds;
  readonly #manager: ShadowManager;
  readonly #cloud: CloudShadow;
  readonly #listeners = new Set<Listener>();
  readonly #handlers = new Map<string, Handler>();
  readonly #ends: Cancel[] = [];
  #chosen: Chosen | undefined;
  #toldWay: Way | undefined;
  #state: BusState = 'offline';
  #cancelAsking: Cancel | undefined;
  /** An answer to a question of an earlier connection counts no more. */
  #round = 0;

  constructor(needs: ShadowWayNeeds) {
    this.#needs = needs;
    const { link, iotCore } = needs;
    this.#manager = new ShadowManager(needs, (topic, payload) => this.#deliver(topic, payload));
    this.#cloud = new CloudShadow(link, iotCore, (topic, payload) => this.#deliver(topic, payload));
  }

  get state(): BusState {
    return this.#state;
  }

  start(): void {
    const { link, iotCore } = this.#needs;
    this.#ends.push(
      link.onState((state) => this.#linkIs(state)),
      iotCore.onState(() => this.#chosen?.way === 'iotcore' && this.#settle()),
    );
    this.#linkIs(link.state);
  }

  async stop(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    await this.#leave('stopped');
    this.#listeners.clear();
  }

  onState(listener: Listener): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Before `start` only. */
  subscribe(topic: string, _qos: 0 | 1, handler: Handler): void {
    this.#handlers.set(topic, handler);
  }

  async publishAcked(request: Request): Promise<Result<void>> {
    return this.#chosen?.service.request(request) ?? fail('E_BUS_OFFLINE', 'who keeps the shadow is not known yet');
  }

  #linkIs(state: BusState): void {
    if (state === 'online') void this.#ask();
    else if (this.#state !== 'offline') void this.#leave('offline');
  }

  async #ask(): Promise<void> {
    const { clock, log } = this.#needs;
    const round = ++this.#round;
    if (this.#state !== 'connecting') this.#tell('connecting');
    const answer = await this.#manager.ask();
    if (round !== this.#round) return;
    if (answer.ok) return this.#choose('shadow-manager', this.#manager);
    const { code, message } = answer.error;
    if (code === 'E_IPC_OFFLINE') return;
    if (code === 'E_IPC_UNSUPPORTED') return this.#choose('iotcore', this.#cloud);
    if (code === 'E_IPC_UNAUTHORIZED') {
      log.warn({ code, reason: message }, 'ShadowManager may not be used');
      return this.#choose('iotcore', this.#cloud);
    }
    log.warn({ code, reason: message, retryInMs: ASK_AGAIN_MS }, 'ShadowManager said neither yes nor no');
    this.#cancelAsking = clock.after(ASK_AGAIN_MS, () => void this.#ask());
  }

  #choose(way: Way, service: ShadowService): void {
    const chosen = { way, service, stands: false };
    this.#chosen = chosen;
    if (way !== this.#toldWay) this.#needs.log.info({ way }, 'who keeps the shadow is known');
    this.#toldWay = way;
    // Asked for before the subscriptions stand, the document could be older than a change that nobody heard of.
    service.open([...this.#handlers.keys()], () => {
      chosen.stands = true;
      if (this.#chosen === chosen) this.#settle();
    });
  }

  /** Tells `online` also when it was: what stands again may have missed something, so the document is read again. */
  #settle(): void {
    if (this.#chosen === undefined || !this.#chosen.stands) return;
    this.#tell(this.#chosen.way === 'iotcore' ? this.#needs.iotCore.state : 'online');
  }

  async #leave(state: BusState): Promise<void> {
    this.#round++;
    this.#cancelAsking?.();
    const chosen = this.#chosen;
    this.#chosen = undefined;
    this.#tell(state);
    await chosen?.service.close();
  }

  #deliver(topic: string, payload: Uint8Array): void {
    if (this.#chosen !== undefined) void this.#handlers.get(topic)?.({ topic, payload, retained: false });
  }

  #tell(state: BusState): void {
    this.#state = state;
    for (const listener of [...this.#listeners]) listener(state, undefined);
  }
}
