import { type BadInput, MAX_VALUES } from '../domain/reading.ts';
import type { Find } from './pointer.ts';

const MAX_FLOAT32 = 3.4028234663852886e38;

/** Reads a payload that is nothing but little-endian float32, samples x channels. */
export function readFloats(bytes: Uint8Array, channels: number): Float32Array | BadInput {
  const count = bytes.byteLength / Float32Array.BYTES_PER_ELEMENT;
  if (!Number.isInteger(count) || count % channels !== 0) return 'wrong-shape';
  if (count > MAX_VALUES) return 'too-many-samples';
  // A copy: the payload is the bus's memory, and need not be aligned. x86-64 and arm64 are both little-endian.
  const values = new Float32Array(count);
  new Uint8Array(values.buffer).set(bytes);
  for (let i = 0; i < count; i++) {
    const value = values[i] as number;
    if (value - value !== 0) return 'not-finite'; // NaN and the infinities, in one comparison
  }
  return values;
}

/** Reads the values of a document: one pointer a channel, or one pointer to rows of all channels. */
export function readValues(document: unknown, pointers: readonly Find[], channels: number): Float32Array | BadInput {
  const [only] = pointers;
  if (pointers.length === 1 && only !== undefined) return readRows(only(document), channels);
  return readColumns(pointers.map((find) => find(document)));
}

/** A number, a flat array (samples x channels), an array of rows, or CBOR's float32 bytes. */
function readRows(found: unknown, channels: number): Float32Array | BadInput {
  if (found === undefined) return 'missing-value';
  if (found instanceof Uint8Array) return found.length === 0 ? 'wrong-shape' : readFloats(found, channels);
  const list = Array.isArray(found) ? found : [found];
  if (list.length === 0) return 'wrong-shape';
  if (Array.isArray(list[0])) return readNestedRows(list, channels);
  if (list.length % channels !== 0) return 'wrong-shape';
  if (list.length > MAX_VALUES) return 'too-many-samples';
  const values = new Float32Array(list.length);
  return fill(values, list, 0, 1) ?? values;
}

function readNestedRows(rows: readonly unknown[], channels: number): Float32Array | BadInput {
  if (rows.length * channels > MAX_VALUES) return 'too-many-samples';
  const values = new Float32Array(rows.length * channels);
  for (const [index, row] of rows.entries()) {
    if (!Array.isArray(row) || row.length !== channels) return 'wrong-shape';
    const bad = fill(values, row, index * channels, 1);
    if (bad !== undefined) return bad;
  }
  return values;
}

function readColumns(columns: readonly unknown[]): Float32Array | BadInput {
  const lists = columns.map((found) => (found === undefined || Array.isArray(found) ? found : [found]));
  const samples = lists[0]?.length ?? 0;
  if (samples * lists.length > MAX_VALUES) return 'too-many-samples';
  const values = new Float32Array(samples * lists.length);
  for (const [channel, list] of lists.entries()) {
    if (list === undefined) return 'missing-value';
    if (samples === 0 || list.length !== samples) return 'wrong-shape';
    const bad = fill(values, list, channel, lists.length);
    if (bad !== undefined) return bad;
  }
  return values;
}

/** Copies checked numbers to every `step`th place from `at`. */
function fill(into: Float32Array, list: readonly unknown[], at: number, step: number): BadInput | undefined {
  for (let i = 0; i < list.length; i++) {
    const value = list[i];
    if (!(typeof value === 'number' && value >= -Number.MAX_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER))
      return whatIsWrong(value);
    into[at + i * step] = value;
  }
  return undefined;
}

function whatIsWrong(value: unknown): BadInput {
  if (typeof value === 'bigint') return 'out-of-range';
  if (typeof value !== 'number') return 'not-a-number';
  return Math.abs(value) <= MAX_FLOAT32 ? 'out-of-range' : 'not-finite';
}
