import { fail, ok, type Result } from '../../src/domain/errors.ts';
import type { Shadow, ShadowDocument } from '../../src/ports/shadow.ts';
import { FakeBus, type FakeHub } from './bus.ts';

type State = { desired: ShadowDocument; reported: ShadowDocument };

/** One named shadow, as a service keeps it. */
export class ShadowStore {
  state: State | undefined;
  version = 0;
  readonly #listeners = new Set<() => void>();

  get delta(): ShadowDocument {
    return this.state === undefined ? {} : differing(this.state.desired, this.state.reported);
  }

  update(patch: Partial<State>): void {
    const { desired = {}, reported = {} } = this.state ?? {};
    this.state = { desired: merged(desired, patch.desired ?? {}), reported: merged(reported, patch.reported ?? {}) };
    this.version++;
    for (const listener of this.#listeners) listener();
  }

  /** Deletes the shadow: its versions begin anew. */
  remove(): void {
    this.state = undefined;
    this.version = 0;
  }

  onUpdate(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

/** A shadow without a network. The store is the test's: what it updates there is told at once. */
export class FakeShadow implements Shadow {
  readonly store: ShadowStore;
  /** Every report that was asked for, whether it went well or not. */
  readonly reports: { readonly reported: ShadowDocument; readonly desired: ShadowDocument | undefined }[] = [];
  /** What the next reports answer instead of being taken. */
  failure: Result<void> | undefined;
  /** While true, reports stay without an answer. */
  holding = false;
  #told = 0;
  #started = false;
  readonly #listeners = new Set<(desired: ShadowDocument, version: number) => void>();
  #stopListening: (() => void) | undefined;
  #held: (() => void)[] = [];

  constructor(store = new ShadowStore()) {
    this.store = store;
  }

  get reported(): ShadowDocument | undefined {
    return this.#started ? (this.store.state?.reported ?? {}) : undefined;
  }

  async start(): Promise<void> {
    this.#stopListening = this.store.onUpdate(() => this.#tellNewer());
    this.#started = true;
    this.#told = this.store.version;
    this.#tell();
  }

  async stop(): Promise<void> {
    this.#stopListening?.();
    this.release();
  }

  async report(reported: ShadowDocument, desired?: ShadowDocument): Promise<Result<void>> {
    this.reports.push({ reported, desired });
    if (this.#held.length > 0) return fail('E_SHADOW_UNACKNOWLEDGED', 'one is in flight');
    if (this.holding) await new Promise<void>((resolve) => this.#held.push(resolve));
    if (this.failure !== undefined) return this.failure;
    if (JSON.stringify({ reported, desired }).length > 8_000) return fail('E_SHADOW_TOO_LARGE');
    this.store.update({ reported, ...(desired === undefined ? {} : { desired }) });
    return ok(undefined);
  }

  /** Answers the reports that are held. */
  release(): void {
    for (const resolve of this.#held.splice(0)) resolve();
  }

  onDesired(listener: (desired: ShadowDocument, version: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tellNewer(): void {
    if (this.store.version <= this.#told) return;
    this.#told = this.store.version;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener(this.store.delta, this.store.version);
  }
}

/**
 * A shadow service on a hub, with the topics of AWS IoT. It sends a delta after every update while something differs,
 * reported updates too: the strictest reading of what services do.
 */
export class FakeShadowService {
  readonly store: ShadowStore;
  readonly bus: FakeBus;
  /** While true it answers nothing, as a plain broker. */
  silent = false;
  /** Rejects updates with this code. */
  rejectWith: number | undefined;
  gets = 0;
  updates = 0;
  readonly #prefix: string;

  constructor(hub: FakeHub, thing: string, name: string, store = new ShadowStore()) {
    this.store = store;
    this.bus = new FakeBus(hub);
    this.#prefix = `$aws/things/${thing}/shadow/name/${name}`;
    this.bus.subscribe(`${this.#prefix}/get`, 1, ({ payload }) => this.#get(parse(payload)));
    this.bus.subscribe(`${this.#prefix}/update`, 1, ({ payload }) => this.#update(parse(payload)));
  }

  /** Updates the shadow as an operator does. */
  async desire(desired: ShadowDocument, clientToken = 'operator'): Promise<void> {
    await this.#update({ state: { desired }, clientToken });
  }

  async say(topic: string, body: ShadowDocument): Promise<void> {
    if (!this.silent) await this.bus.publishAcked({ topic: `${this.#prefix}/${topic}`, payload: JSON.stringify(body) });
  }

  async #get({ clientToken }: ShadowDocument): Promise<void> {
    this.gets++;
    const { state, version, delta } = this.store;
    if (state === undefined) return this.say('get/rejected', { code: 404, message: 'No shadow exists', clientToken });
    const difference = Object.keys(delta).length === 0 ? {} : { delta };
    await this.say('get/accepted', { state: { ...state, ...difference }, version, clientToken });
  }

  async #update({ state, clientToken }: ShadowDocument): Promise<void> {
    this.updates++;
    if (this.rejectWith !== undefined) {
      return this.say('update/rejected', { code: this.rejectWith, message: 'no', clientToken });
    }
    if (this.silent) return;
    this.store.update(state as Partial<State>);
    const { version, delta } = this.store;
    await this.say('update/accepted', { state, version, clientToken });
    if (Object.keys(delta).length > 0) await this.say('update/delta', { state: delta, version });
  }
}

function merged(base: ShadowDocument, patch: ShadowDocument): ShadowDocument {
  const next: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete next[name];
    else next[name] = isObject(value) ? merged(isObject(next[name]) ? next[name] : {}, value) : value;
  }
  return next;
}

function differing(desired: ShadowDocument, reported: ShadowDocument): ShadowDocument {
  const delta: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(desired)) {
    const told = reported[name];
    if (isObject(value) && isObject(told)) {
      const inner = differing(value, told);
      if (Object.keys(inner).length > 0) delta[name] = inner;
    } else if (JSON.stringify(value) !== JSON.stringify(told)) delta[name] = value;
  }
  return delta;
}

function isObject(value: unknown): value is ShadowDocument {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parse(payload: Uint8Array): ShadowDocument {
  return JSON.parse(Buffer.from(payload).toString());
}
