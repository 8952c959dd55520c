import type { JsonValue } from './services.ts';

type JsonObject = { readonly [key: string]: JsonValue };

/** A shadow as it is kept. `metadata` mirrors the state: a time for each value. */
export type Shadow = {
  readonly desired: JsonObject | undefined;
  readonly reported: JsonObject | undefined;
  readonly metadata: { readonly desired?: JsonValue; readonly reported?: JsonValue };
  readonly version: number;
};

/** As AWS IoT numbers them. */
export type ShadowFault = { readonly code: 400 | 401 | 404 | 409 | 413; readonly message: string };

export type ShadowRequest = {
  readonly state: JsonObject | null;
  readonly version: number | undefined;
  readonly clientToken: string | undefined;
};

/** Desired and reported together, as JSON. */
const MAX_STATE_BYTES = 8_192;
const MAX_DEPTH = 6;
const MAX_TOKEN_BYTES = 64;
const SECTIONS = ['desired', 'reported'] as const;

/** Reads the payload of an update: the shape that shadows ask for, or what is wrong with it. */
export function readShadowUpdate(payload: Uint8Array): ShadowRequest | ShadowFault {
  if (payload.length === 0) return { code: 400, message: 'Missing update payload' };
  const request = parse(payload);
  if (!isObject(request)) return { code: 400, message: 'Invalid JSON: ' };
  const { state, version } = request;
  if (state === undefined) return { code: 400, message: 'Missing required node: state' };
  if (state !== null && !isObject(state)) return { code: 400, message: 'State node must be an object' };
  const known = Object.fromEntries(Object.entries(state ?? {}).filter(([key]) => key !== 'delta'));
  for (const [key, section] of Object.entries(known)) {
    if (key !== 'desired' && key !== 'reported') {
      return { code: 400, message: `State contains an invalid node: '${key}'` };
    }
    if (section !== null && !isObject(section)) return { code: 400, message: 'State node must be an object' };
    if (depth(section) > MAX_DEPTH) {
      return { code: 400, message: `JSON contains too many levels of nesting; maximum is ${MAX_DEPTH}` };
    }
  }
  if (version !== undefined && version !== null && !Number.isInteger(version)) {
    return { code: 400, message: 'Invalid version' };
  }
  const token = clientTokenOf(request);
  if (token === 'invalid') return { code: 400, message: 'Invalid clientToken' };
  return {
    state: state === null ? null : known,
    version: typeof version === 'number' ? version : undefined,
    clientToken: token?.text,
  };
}

/** The token of a request, for answers to requests that are wrong otherwise; undefined: none, or it cannot be read. */
export function readClientToken(payload: Uint8Array): string | undefined {
  const request = parse(payload);
  const token = isObject(request) ? clientTokenOf(request) : undefined;
  return token === 'invalid' ? undefined : token?.text;
}

/** Makes the next version of a shadow. `latest`: the last version of one that was deleted, as numbers go on. */
export function updateShadow(
  shadow: Shadow | undefined,
  { state, version }: ShadowRequest,
  latest: number,
  nowS: number,
): Shadow | ShadowFault {
  if (version !== undefined && shadow !== undefined && version !== shadow.version) {
    return { code: 409, message: 'Version conflict' };
  }
  if (version !== undefined && shadow === undefined && version !== 1) return { code: 400, message: 'Invalid version' };
  const next = { desired: shadow?.desired, reported: shadow?.reported };
  const metadata = { ...shadow?.metadata };
  for (const section of SECTIONS) {
    const patch = state === null ? null : state[section];
    if (patch === undefined) continue;
    next[section] = isObject(patch) ? merge(next[section] ?? {}, patch) : undefined;
    if (isObject(patch)) metadata[section] = merge(metadata[section] ?? {}, stamp(patch, nowS));
    else delete metadata[section];
  }
  const bytes = SECTIONS.map((section) => byteLength(next[section])).reduce((sum, one) => sum + one, 0);
  if (bytes > MAX_STATE_BYTES) return { code: 413, message: 'The payload exceeds the maximum size allowed' };
  return { ...next, metadata, version: (shadow?.version ?? latest) + 1 };
}

/** What `get` and the documents topic show. */
export function shadowState({ desired, reported }: Shadow): JsonObject {
  return { ...(desired === undefined ? {} : { desired }), ...(reported === undefined ? {} : { reported }) };
}

/** What is desired and not reported; undefined: nothing. */
export function shadowDelta({ desired, reported }: Shadow): JsonObject | undefined {
  if (desired === undefined) return undefined;
  const delta = difference(reported ?? {}, desired);
  return isObject(delta) ? delta : undefined;
}

/** The part of the times that belongs to values of `state`. */
export function metadataOf(times: JsonValue | undefined, state: JsonValue): JsonValue {
  if (!isObject(state) || !isObject(times)) return times ?? null;
  return Object.fromEntries(
    Object.entries(state)
      .filter(([key]) => times[key] !== undefined)
      .map(([key, value]) => [key, metadataOf(times[key], value)]),
  );
}

export function isFault(value: object): value is ShadowFault {
  return 'code' in value;
}

/** Maps grow together, null takes a key out, anything else replaces. */
function merge(base: JsonValue, patch: JsonObject): JsonObject {
  const merged: Record<string, JsonValue> = isObject(base) ? { ...base } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = isObject(value) ? merge(merged[key] ?? {}, value) : value;
  }
  return merged;
}

function stamp(value: JsonObject, timestamp: number): JsonObject {
  const leaf = (item: JsonValue): JsonValue => {
    if (item === null) return null;
    if (Array.isArray(item)) return item.map(leaf);
    return isObject(item) ? stamp(item, timestamp) : { timestamp };
  };
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, leaf(item)]));
}

function difference(reported: JsonValue, desired: JsonValue): JsonValue | undefined {
  if (!isObject(reported) || !isObject(desired)) {
    return JSON.stringify(reported) === JSON.stringify(desired) ? undefined : desired;
  }
  const changed: Record<string, JsonValue> = {};
  for (const [key, value] of Object.entries(desired)) {
    const other = reported[key];
    const delta = other === undefined ? value : difference(other, value);
    if (delta !== undefined) changed[key] = delta;
  }
  return Object.keys(changed).length > 0 ? changed : undefined;
}

function depth(value: JsonValue | undefined): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map((item) => depth(item)));
}

function clientTokenOf({ clientToken: token }: JsonObject): { readonly text: string } | 'invalid' | undefined {
  if (token === undefined || token === null) return undefined;
  return typeof token === 'string' && Buffer.byteLength(token) <= MAX_TOKEN_BYTES ? { text: token } : 'invalid';
}

function byteLength(section: JsonObject | undefined): number {
  return section === undefined ? 0 : Buffer.byteLength(JSON.stringify(section));
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(payload).toString());
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
