import assert from 'node:assert/strict';
import { Metrics } from '../../../src/agent/metrics.ts';

describe('metrics of an agent', () => {
  it('count what they are told, one or many at a time', () => {
    const metrics = new Metrics();
    metrics.inc('readings');
    metrics.inc('readings', 4);
    metrics.bad('not-json');
    const { counts, bad } = metrics.snapshot();
    assert.equal(counts.readings, 5);
    assert.equal(counts.windows, 0);
    assert.equal(bad['not-json'], 1);
    assert.equal(bad['empty'], 0);
  });

  it('a snapshot does not change any more', () => {
    const metrics = new Metrics();
    const before = metrics.snapshot();
    metrics.inc('windows');
    metrics.latency(3);
    assert.equal(before.counts.windows, 0);
    assert.equal(before.latencyMs.count, 0);
  });

  it('give percentiles in milliseconds within 1 %', () => {
    const metrics = new Metrics();
    for (let i = 1; i <= 1000; i++) metrics.latency(i / 10);
    const { latencyMs } = metrics.snapshot();
    assert.equal(latencyMs.count, 1000);
    near(latencyMs.p50, 50);
    near(latencyMs.p99, 99);
    near(latencyMs.p999, 99.9);
    near(latencyMs.max, 100);
  });

  it('say 0 while there is no latency to tell', () => {
    assert.deepEqual(new Metrics().snapshot().latencyMs, { count: 0, p50: 0, p99: 0, p999: 0, max: 0 });
  });

  it('take every number for a latency without throwing: too small, too large, not a number', () => {
    const metrics = new Metrics();
    for (const ms of [0, -5, Number.NaN, Number.POSITIVE_INFINITY, 1e9, 1e-9]) metrics.latency(ms);
    const { latencyMs } = metrics.snapshot();
    assert.equal(latencyMs.count, 6);
    near(latencyMs.max, 60_000);
  });

  it('forget the recent after two intervals and the whole never', () => {
    const metrics = new Metrics();
    metrics.latency(500);
    metrics.inc('windowsFailed', 2);
    metrics.bad('empty');
    metrics.rotate();
    metrics.latency(1);
    assert.equal(metrics.snapshot().recent.latencyMs.count, 2, 'the interval before still counts');
    assert.equal(metrics.snapshot().recent.counts.windowsFailed, 2);
    assert.equal(metrics.snapshot().recent.badInputs, 1);
    metrics.rotate();
    metrics.rotate();
    const { recent, latencyMs, counts } = metrics.snapshot();
    assert.equal(recent.latencyMs.count, 0);
    assert.equal(recent.counts.windowsFailed, 0);
    assert.equal(recent.badInputs, 0);
    assert.equal(latencyMs.count, 2);
    near(latencyMs.max, 500);
    assert.equal(counts.windowsFailed, 2);
  });
});

function near(actual: number, expected: number): void {
  assert.ok(Math.abs(actual - expected) <= expected * 0.01, `${actual} is not within 1 % of ${expected}`);
}
