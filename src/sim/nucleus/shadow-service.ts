import type { JsonValue } from './services.ts';
import {
  isFault,
  metadataOf,
  readClientToken,
  readShadowUpdate,
  type Shadow,
  type ShadowFault,
  shadowDelta,
  shadowState,
  updateShadow,
} from './shadow-document.ts';

type JsonObject = { readonly [key: string]: JsonValue };

/** A simulator's things have a handful each. */
const MAX_SHADOWS = 1_000;
const MS_A_SECOND = 1_000;

export type ShadowVerb = 'get' | 'update' | 'delete';

/** Which shadow of which thing; the empty name is the classic, unnamed one. */
export type ShadowKey = { readonly thing: string; readonly name: string };

export type ShadowServiceOptions = {
  /** Says something below the shadow's prefix, such as `update/delta`. */
  readonly say: (topic: string, body: JsonObject) => void;
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number;
};

/**
 * Shadows in memory, with the semantics that AWS IoT and the ShadowManager share: versions that go on after a delete,
 * merging, deltas, and what is said on which topic. Each request is answered and told in one step.
 */
export class ShadowService {
  readonly #options: ShadowServiceOptions;
  readonly #shadows = new Map<string, Shadow>();
  /** Of shadows that were deleted. */
  readonly #latest = new Map<string, number>();

  constructor(options: ShadowServiceOptions) {
    this.#options = options;
  }

  /** Handles one request, tells it on the topics, and gives the same answer. */
  handle(verb: ShadowVerb, key: ShadowKey, payload: Uint8Array): JsonObject | ShadowFault {
    const answer = this.#answer(verb, key, payload);
    if (isFault(answer)) this.reject(verb, key, answer, readClientToken(payload));
    else if (verb !== 'update') this.#say(key, `${verb}/accepted`, answer);
    return answer;
  }

  /** Tells that a request was refused. */
  reject(verb: ShadowVerb, key: ShadowKey, fault: ShadowFault, clientToken?: string): void {
    this.#say(key, `${verb}/rejected`, { ...fault, timestamp: this.#seconds(), ...token(clientToken) });
  }

  /** Names of a thing's shadows, the unnamed one not among them, in order. */
  names(thing: string): readonly string[] {
    const keys = [...this.#shadows.keys()].map((text): ShadowKey => JSON.parse(text));
    return keys.filter((key) => key.thing === thing && key.name !== '').map(({ name }) => name);
  }

  #answer(verb: ShadowVerb, key: ShadowKey, payload: Uint8Array): JsonObject | ShadowFault {
    if (verb === 'update') return this.#update(key, payload);
    const shadow = this.#shadows.get(place(key));
    if (shadow === undefined) return notFound(key);
    if (verb === 'delete') return this.#delete(key, shadow, payload);
    const delta = shadowDelta(shadow);
    return {
      state: { ...shadowState(shadow), ...(delta === undefined ? {} : { delta }) },
      metadata: shadow.metadata,
      version: shadow.version,
      timestamp: this.#seconds(),
      ...token(readClientToken(payload)),
    };
  }

  #update(key: ShadowKey, payload: Uint8Array): JsonObject | ShadowFault {
    const request = readShadowUpdate(payload);
    if (isFault(request)) return request;
    const previous = this.#shadows.get(place(key));
    if (previous === undefined && this.#shadows.size >= MAX_SHADOWS) {
      return { code: 413, message: 'The simulator keeps no more shadows' };
    }
    const now = this.#seconds();
    const current = updateShadow(previous, request, this.#latest.get(place(key)) ?? 0, now);
    if (isFault(current)) return current;
    this.#shadows.set(place(key), current);
    const { version } = current;
    const common = { version, timestamp: now, ...token(request.clientToken) };
    const delta = shadowDelta(current);
    if (delta !== undefined) {
      const metadata = metadataOf(current.metadata.desired, delta);
      this.#say(key, 'update/delta', { ...common, state: delta, metadata });
    }
    this.#say(key, 'update/documents', {
      previous: previous === undefined ? null : document(previous),
      current: document(current),
      timestamp: now,
      ...token(request.clientToken),
    });
    const state: JsonObject = request.state ?? {};
    const metadata = metadataOf(current.metadata, state);
    const answer = { ...common, state: request.state, metadata };
    this.#say(key, 'update/accepted', answer);
    return answer;
  }

  #delete(key: ShadowKey, { version }: Shadow, payload: Uint8Array): JsonObject {
    this.#shadows.delete(place(key));
    this.#latest.set(place(key), version + 1);
    return { version, timestamp: this.#seconds(), ...token(readClientToken(payload)) };
  }

  #say(key: ShadowKey, topic: string, body: JsonObject): void {
    this.#options.say(`${shadowPrefix(key)}/${topic}`, body);
  }

  #seconds(): number {
    return Math.floor(this.#options.now() / MS_A_SECOND);
  }
}

/** Where a shadow's topics begin; also what permissions of the ShadowManager are about. */
export function shadowPrefix({ thing, name }: ShadowKey): string {
  return `$aws/things/${thing}/shadow${name === '' ? '' : `/name/${name}`}`;
}

/** Reads the topic of a request; undefined: it is none. */
export function readShadowTopic(topic: string): { readonly key: ShadowKey; readonly verb: ShadowVerb } | undefined {
  const parts = /^\$aws\/things\/([^/]+)\/shadow(?:\/name\/([^/]+))?\/(get|update|delete)$/.exec(topic);
  const [, thing, name = '', verb] = parts ?? [];
  if (thing === undefined || (verb !== 'get' && verb !== 'update' && verb !== 'delete')) return undefined;
  return { key: { thing, name }, verb };
}

function document(shadow: Shadow): JsonObject {
  return { state: shadowState(shadow), metadata: shadow.metadata, version: shadow.version };
}

function notFound({ name }: ShadowKey): ShadowFault {
  return { code: 404, message: `No shadow exists with name: ${name === '' ? 'Unnamed Shadow' : name}` };
}

function token(clientToken: string | undefined): { readonly clientToken?: string } {
  return clientToken === undefined ? {} : { clientToken };
}

function place({ thing, name }: ShadowKey): string {
  return JSON.stringify({ thing, name });
}
