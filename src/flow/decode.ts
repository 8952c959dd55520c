import { isUtf8 } from 'node:buffer';
import { decode as decodeCbor } from 'cborg';
import type { InputSpec } from '../domain/agent-spec.ts';
import type { BadInput, Reading } from '../domain/reading.ts';
import { compilePointer, type Find } from './pointer.ts';
import { makeKeyReader } from './reading-key.ts';
import { makeTimeReader } from './reading-time.ts';
import { readFloats, readValues } from './values.ts';

/** When a message arrived, on both clocks, in milliseconds. */
export type Arrival = { readonly wallMs: number; readonly monotonicMs: number };

/** Turns one message into a reading, or says why it is none. Never throws, whatever the bytes. */
export type Decode = (topic: string, payload: Uint8Array, arrival: Arrival) => Reading | BadInput;

/** Builds the decoder of one input for a model with this many channels. */
export function makeDecoder(input: InputSpec, channels: number): Decode {
  const readKey = makeKeyReader(input);
  const readTime = makeTimeReader(input);
  const pointers: readonly Find[] = input.values.map(compilePointer);
  const parse = PARSERS[input.format];
  const valuesOf: (document: unknown) => Float32Array | BadInput =
    input.format === 'f32le'
      ? (payload) => readFloats(payload as Uint8Array, channels)
      : (document) => readValues(document, pointers, channels);

  return (topic, payload, arrival) => {
    if (payload.length === 0) return 'empty';
    if (payload.length > input.maxPayloadBytes) return 'too-large';
    const document = parse(payload);
    if (document instanceof Unreadable) return document.reason;

    const key = readKey(topic, document);
    if (key === undefined) return 'bad-key';
    const timeMs = readTime === undefined ? arrival.wallMs : readTime(document);
    if (timeMs === undefined) return 'bad-time';
    const values = valuesOf(document);
    if (typeof values === 'string') return values;

    return { key, timeMs, orderMs: readTime === undefined ? arrival.monotonicMs : timeMs, values };
  };
}

class Unreadable {
  readonly reason: BadInput;
  constructor(reason: BadInput) {
    this.reason = reason;
  }
}

const NOT_UTF8 = new Unreadable('not-utf8');
const NOT_JSON = new Unreadable('not-json');
const NOT_CBOR = new Unreadable('not-cbor');
const FORBIDDEN_KEY = new Unreadable('forbidden-key');

const PARSERS: Record<InputSpec['format'], (payload: Uint8Array) => unknown> = {
  json: parseJson,
  cbor: parseCbor,
  f32le: (payload) => payload,
};

/** `"__proto__"` with any of its letters written as an escape. Tested only where there is a backslash at all. */
const ESCAPED_PROTO =
  /"(?:_|\\u005f){2}(?:p|\\u0070)(?:r|\\u0072)(?:o|\\u006f)(?:t|\\u0074)(?:o|\\u006f)(?:_|\\u005f){2}"\s*:/i;

function parseJson(payload: Uint8Array): unknown {
  if (!isUtf8(payload)) return NOT_UTF8;
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
  // Nothing here copies a parsed object's keys, so this is depth: such a key has no honest use in a sensor message.
  if (text.includes('"__proto__"') || (text.includes('\\u') && ESCAPED_PROTO.test(text))) return FORBIDDEN_KEY;
  try {
    return JSON.parse(text);
  } catch {
    return NOT_JSON;
  }
}

/** RFC 8746 typed array of little-endian float32: what a compact CBOR sensor sends. */
const TAG_FLOAT32_LE = 85;

const CBOR_OPTIONS = {
  useMaps: true, // no key can touch a prototype
  rejectDuplicateMapKeys: true,
  tags: { [TAG_FLOAT32_LE]: (decodeContent: () => unknown) => decodeContent() },
};

function parseCbor(payload: Uint8Array): unknown {
  try {
    const document = decodeCbor(payload, CBOR_OPTIONS);
    if (document instanceof Map && document.has('__proto__')) return FORBIDDEN_KEY;
    return document;
  } catch {
    return NOT_CBOR; // also too deep: the decoder recurses, and the stack's end is an exception like any other
  }
}
