import assert from 'node:assert/strict';
import { makeTimeReader } from '../../../src/flow/reading-time.ts';
import { anInput } from './inputs.ts';

type Unit = 's' | 'ms' | 'us' | 'iso';

const NOON = Date.UTC(2026, 6, 1, 12);

function read(unit: Unit, ts: unknown): number | undefined {
  return makeTimeReader(anInput({ time: { pointer: '/ts', unit } }))?.({ ts });
}

describe('the time of a reading', () => {
  it('has no reader where messages carry none', () => {
    assert.equal(makeTimeReader(anInput()), undefined);
  });

  const good: readonly [unit: Unit, ts: unknown, timeMs: number][] = [
    ['s', NOON / 1000, NOON],
    ['s', NOON / 1000 + 0.25, NOON + 250],
    ['ms', NOON, NOON],
    ['us', NOON * 1000, NOON],
    ['iso', '2026-07-01T12:00:00Z', NOON],
    ['iso', '2026-07-01T12:00:00.250Z', NOON + 250],
    ['iso', '2026-07-01T12:00:00.123456789Z', NOON + 123],
    ['iso', '2026-07-01T14:00:00+02:00', NOON],
    ['iso', '2026-07-01T04:30:00-07:30', NOON],
    ['iso', '2026-07-01 12:00:00Z', NOON],
    ['iso', '2026-07-01t12:00:00z', NOON],
    ['ms', Date.UTC(2000, 0, 1), Date.UTC(2000, 0, 1)],
    ['ms', Date.UTC(2100, 0, 1), Date.UTC(2100, 0, 1)],
  ];
  for (const [unit, ts, timeMs] of good) {
    it(`reads ${JSON.stringify(ts)} in ${unit}`, () => {
      assert.equal(read(unit, ts), timeMs);
    });
  }

  const bad: readonly [unit: Unit, ts: unknown, why: string][] = [
    ['ms', undefined, 'missing'],
    ['ms', null, 'null'],
    ['ms', String(NOON), 'a number as text'],
    ['ms', [NOON], 'a list'],
    ['ms', BigInt(NOON), 'a bigint'],
    ['ms', Number.NaN, 'NaN'],
    ['ms', NOON / 1000, 'seconds where milliseconds are due'],
    ['s', NOON, 'milliseconds where seconds are due'],
    ['us', NOON, 'milliseconds where microseconds are due'],
    ['ms', Date.UTC(2000, 0, 1) - 1, 'before 2000'],
    ['ms', Date.UTC(2100, 0, 1) + 1, 'after 2100'],
    ['iso', NOON, 'a number where text is due'],
    ['iso', '2026-07-01T12:00:00', 'without a zone'],
    ['iso', '2026-07-01', 'a date alone'],
    ['iso', '2026-13-01T12:00:00Z', 'in a thirteenth month'],
    ['iso', '2026-07-01T25:00:00Z', 'in a twenty-fifth hour'],
    ['iso', 'July 1, 2026 12:00 UTC', 'in words'],
    ['iso', `2026-07-01T12:00:00.${'1'.repeat(5000)}Z`, 'with endless digits'],
    ['iso', '1999-12-31T23:59:59Z', 'of the last millennium'],
  ];
  for (const [unit, ts, why] of bad) {
    it(`is refused when it is ${why} (${unit})`, () => {
      assert.equal(read(unit, ts), undefined);
    });
  }
});
