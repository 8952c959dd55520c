import assert from 'node:assert/strict';
import { dueMs, indexOf, sensorOf, timestampMs } from '../../../bench/schedule.ts';

describe('the schedule of the benchmarks', () => {
  for (const rate of [1_000, 5_000]) {
    const schedule = { rate, count: rate, startMs: Date.UTC(2026, 0, 1) };
    it(`finds each message again by its sensor and time, at ${rate} messages a second`, () => {
      for (let i = 0; i < schedule.count; i++) {
        assert.equal(indexOf(schedule, sensorOf(i), timestampMs(schedule, i)), i);
      }
    });
    it(`spreads ${rate} messages evenly over a second`, () => {
      assert.equal(dueMs(schedule, 1), 1000 / rate);
      assert.equal(dueMs(schedule, rate), 1000);
    });
  }

  it('refuses a rate whose messages could not be told apart', () => {
    assert.throws(() => timestampMs({ rate: 3_000, count: 10, startMs: 0 }, 0), /whole milliseconds/);
  });
});
