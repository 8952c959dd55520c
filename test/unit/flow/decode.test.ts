import assert from 'node:assert/strict';
import { encode as encodeCbor } from 'cborg';
import type { InputSpec } from '../../../src/domain/agent-spec.ts';
import type { Reading } from '../../../src/domain/reading.ts';
import { makeDecoder } from '../../../src/flow/decode.ts';
import { anInput } from './inputs.ts';

const TOPIC = 'sensors/press-7/vibration';
const NOON = Date.UTC(2026, 6, 1, 12);
const ARRIVAL = { wallMs: NOON, monotonicMs: 42.5 };

type Payload = Uint8Array | string;

function decode(payload: Payload, change: Partial<InputSpec> = {}, channels = 1, topic = TOPIC) {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  return makeDecoder(anInput(change), channels)(topic, bytes, ARRIVAL);
}

function reading(...args: Parameters<typeof decode>): Reading {
  const decoded = decode(...args);
  assert.ok(typeof decoded !== 'string', `refused as ${String(decoded)}`);
  return decoded;
}

function bytes(...hex: string[]): Uint8Array {
  return Buffer.from(hex.join(''), 'hex');
}

/** Two float32 as RFC 8746 writes them: tag 85, eight bytes. */
const TYPED = 'd855480000803f000020c0';

describe('a message', () => {
  it('becomes a reading of its key, at the moment of arrival', () => {
    assert.deepEqual(reading('{"values": [1, 2.5]}'), {
      key: 'press-7',
      timeMs: NOON,
      orderMs: 42.5,
      values: Float32Array.of(1, 2.5),
    });
  });

  it("has its sensor's time, and is ordered by it, where there is one", () => {
    const time = { pointer: '/ts', unit: 'ms' } as const;
    const { timeMs, orderMs } = reading(`{"ts": ${NOON - 500}, "values": 1}`, { time });
    assert.deepEqual([timeMs, orderMs], [NOON - 500, NOON - 500]);
  });

  it('is found in the middle of a larger buffer', () => {
    const memory = Buffer.from('xx{"values":[7]}yy');
    assert.deepEqual([...reading(memory.subarray(2, -2)).values], [7]);
  });

  it('may be raw float32, with the key in the topic', () => {
    const payload = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    const { key, values } = reading(payload, { format: 'f32le', values: [] }, 2);
    assert.deepEqual([key, ...values], ['press-7', 1, 2, 3, 4]);
  });

  it('may be CBOR, with lists, floats and typed arrays', () => {
    const cbor = { format: 'cbor' } as const;
    assert.deepEqual([...reading(encodeCbor({ values: [1, 2.5] }), cbor).values], [1, 2.5]);
    assert.deepEqual([...reading(encodeCbor({ values: new Uint8Array(Float32Array.of(8).buffer) }), cbor).values], [8]);
    assert.deepEqual([...reading(bytes(TYPED), { ...cbor, values: [''] }).values], [1, -2.5]);
    assert.deepEqual([...reading(bytes('a16676616c756573', TYPED), cbor).values], [1, -2.5], '{values: TYPED}');
  });

  it('may be a list without any name around it', () => {
    assert.deepEqual([...reading('[[1,2],[3,4]]', { values: [''] }, 2).values], [1, 2, 3, 4]);
  });

  it('keeps nothing of the memory that it came in', () => {
    const payload = encodeCbor({ values: new Uint8Array(Float32Array.of(8).buffer) });
    const { values } = reading(payload, { format: 'cbor' });
    payload.fill(0xee);
    assert.deepEqual([...values], [8]);
  });

  const cbor = { format: 'cbor' } as const;
  const raw = { format: 'f32le', values: [] } as const;
  const timed = { time: { pointer: '/ts', unit: 'ms' } } as const;
  const bad: readonly [reason: string, what: string, payload: Payload, change?: Partial<InputSpec>][] = [
    ['empty', 'nothing', ''],
    ['empty', 'nothing, raw', '', raw],
    ['too-large', 'a byte too much', `{"values":[1]${' '.repeat(4096)}}`],
    ['not-utf8', 'Latin-1', bytes('7b2276616c756573223a5b5d2c22fc223a317d')],
    ['not-utf8', 'half a character', bytes('22c3')],
    ['not-json', 'cut short', '{"values": [1'],
    ['not-json', 'NaN, as Python writes it', '{"values": [NaN]}'],
    ['not-json', 'two documents', '{"values":1}{"values":2}'],
    ['not-json', 'a byte order mark', '\ufeff{"values":[1]}'],
    ['not-json', 'an endless nest', '['.repeat(4000)],
    ['forbidden-key', '__proto__', '{"__proto__": {"values": [1]}, "values": [1]}'],
    ['forbidden-key', 'a deep __proto__', '{"a": [{"__proto__": 1}], "values": [1]}'],
    ['forbidden-key', '__proto__ in escapes', '{"\\u005f_proto__": 1, "values": [1]}'],
    ['forbidden-key', '__proto__ in many escapes', '{"\\u005F\\u005f\\u0070r\\u006Ft\\u006f__" : 1, "values": [1]}'],
    ['not-cbor', 'cut short', bytes('a1667661'), cbor],
    ['not-cbor', 'JSON', '{"values":[1]}', cbor],
    ['not-cbor', 'bytes left over', bytes('0101'), cbor],
    ['not-cbor', 'an endless nest', bytes('81'.repeat(4000)), cbor],
    ['not-cbor', 'a list of 2^60 items', bytes('9b1000000000000000'), cbor],
    ['not-cbor', 'a key twice', bytes('a2617601617602'), cbor],
    [
      'forbidden-key',
      '__proto__ in CBOR',
      encodeCbor(
        new Map<string, unknown>([
          ['__proto__', 1],
          ['values', 1],
        ]),
      ),
      cbor,
    ],
    ['missing-value', 'no values', '{"value": 1}'],
    ['missing-value', 'a bare number', '7'],
    ['not-a-number', 'null', '{"values": [null]}'],
    ['not-finite', 'a number too large', '{"values": 1e999}'],
    ['not-finite', 'NaN in CBOR', encodeCbor({ values: [Number.NaN] }), cbor],
    ['not-finite', 'NaN, raw', bytes('0000c07f'), raw],
    ['out-of-range', 'an integer over 2^53', '{"values": [9007199254740993]}'],
    ['out-of-range', 'an integer of 64 bits', bytes('a16676616c7565731b7fffffffffffffff'), cbor],
    ['wrong-shape', 'an empty list', '{"values": []}'],
    ['wrong-shape', 'three bytes, raw', bytes('000000'), raw],
    ['bad-key', 'no key', '{"values": 1}', { key: { pointer: '/id' } }],
    ['bad-key', 'a key with a slash', '{"id": "a/b", "values": 1}', { key: { pointer: '/id' } }],
    ['bad-key', 'no such level', '{"values": 1}', { key: { topicLevel: 9 } }],
    ['bad-time', 'no time', '{"values": 1}', timed],
    ['bad-time', 'a time in seconds', `{"ts": ${NOON / 1000}, "values": 1}`, timed],
  ];
  for (const [reason, what, payload, change] of bad) {
    it(`is ${reason} when it is ${what}`, () => {
      assert.equal(decode(payload, change), reason);
    });
  }

  it('may be as large as it is allowed to be', () => {
    const payload = `{"values":[1]${' '.repeat(4096 - 14)}}`;
    assert.equal(payload.length, 4096);
    assert.equal(typeof decode(payload), 'object');
  });

  it('may speak of __proto__ where it is no key that a program could trip over', () => {
    assert.equal(typeof decode('{"note": "the \\u005f_proto__ of it", "values": [1]}'), 'object');
  });
});
