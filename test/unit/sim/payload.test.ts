import assert from 'node:assert/strict';
import { decode } from 'cborg';
import { encodeBatch } from '../../../src/sim/payload.ts';
import { windowsDue } from '../../../src/sim/sensor.ts';

const batch = { ts: 1_700_000_000_123, rpm: 1796.6, values: Float32Array.of(0.1, -0.25, 1.0000001) };

describe('sim/payload', () => {
  it('writes JSON with time, speed, and values to a millionth of a g', () => {
    assert.deepEqual(JSON.parse(String(encodeBatch('json', batch))), {
      ts: 1_700_000_000_123,
      rpm: 1797,
      values: [0.1, -0.25, 1],
    });
  });

  it('writes CBOR with the samples exactly', () => {
    const bytes = encodeBatch('cbor', batch);
    assert.ok(bytes instanceof Uint8Array);
    assert.deepEqual(decode(bytes), { ts: 1_700_000_000_123, rpm: 1797, values: [...batch.values] });
  });

  it('writes nothing but little-endian samples as f32le', () => {
    const bytes = encodeBatch('f32le', { ...batch, values: Float32Array.of(1, -0.25) });
    assert.deepEqual(bytes, Uint8Array.of(0, 0, 0x80, 0x3f, 0, 0, 0x80, 0xbe));
  });
});

describe('sim/sensor', () => {
  it('counts the windows that a stream completes', () => {
    const due = [0, 2047, 2048, 3071, 3072, 12_000].map((samples) => windowsDue(samples, 2048, 1024));
    assert.deepEqual(due, [0, 0, 1, 1, 2, 10]);
    assert.equal(windowsDue(25, 10, 15), 2);
    assert.equal(windowsDue(24, 10, 15), 1);
  });
});
