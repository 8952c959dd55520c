import assert from 'node:assert/strict';
import { macroF1, rmse, top } from '../../../bench/accuracy/figures.ts';
import { decimate } from '../../../src/sim/decimate.ts';

describe('The figures of accuracy', () => {
  it('count a macro-F1 of 1 only when every answer is right', () => {
    assert.equal(macroF1([0, 1, 2], [0, 1, 2], 3), 1);
    assert.ok(macroF1([0, 1, 1], [0, 1, 2], 3) < 1);
  });

  it('weigh a rare label as much as a frequent one', () => {
    const truth = [...Array(98).fill(0), 1, 1];
    // F1 of label 0 is 2 * 98 / (100 + 98), that of label 1 is 0.
    assert.ok(Math.abs(macroF1(Array(100).fill(0), truth, 2) - 98 / 198) < 1e-12);
  });

  it('have the root of the mean squared error', () => assert.equal(rmse([1, 5], [4, 1]), Math.sqrt(12.5)));

  it('take the first of the highest scores', () => assert.equal(top(Float32Array.of(0.1, 0.6, 0.3)), 1));
});

describe('Decimation', () => {
  const tone = (hz: number) => Float32Array.from({ length: 8000 }, (_, i) => Math.sin((2 * Math.PI * hz * i) / 48_000));
  const level = (samples: Float32Array) => Math.sqrt(samples.reduce((sum, v) => sum + v * v, 0) / samples.length);

  it('keeps a quarter of the samples, those that the filter covers wholly', () => {
    assert.equal(decimate(tone(100), 48_000, 4).length, Math.floor((8000 - 129) / 4) + 1);
  });

  it('keeps the level and the period of what lies well below the new limit', () => {
    const slow = decimate(tone(1000), 48_000, 4);
    assert.ok(Math.abs(level(slow) - Math.SQRT1_2) < 0.01);
    assert.ok(Math.abs((slow[112] ?? 0) - (slow[100] ?? 0)) < 1e-5, 'twelve samples of 12 kHz are a period of 1 kHz');
  });

  it('removes what would fold back', () => assert.ok(level(decimate(tone(7000), 48_000, 4)) < 0.005));
});
