import assert from 'node:assert/strict';
import { renderMetrics } from '../../../src/agent/metrics-reference.ts';
import { samplesOf } from '../../../src/agent/samples.ts';
import { METRICS } from '../../../src/domain/metrics.ts';
import { prometheusName } from '../../../src/domain/prometheus-name.ts';
import { FakeControls } from '../../fakes/controls.ts';

describe('samples for a scraper', () => {
  it('hold every metric of the table, and no other', () => {
    const names = new Set(samplesOf(new FakeControls().health()).map(({ name }) => name));
    assert.deepEqual([...names].sort(), Object.keys(METRICS).sort());
  });

  it('carry the agent where the metric is of an agent', () => {
    for (const { name, labels } of samplesOf(new FakeControls(['press']).health())) {
      assert.equal(labels.agent, METRICS[name].scope === 'agent' ? 'press' : undefined, name);
    }
  });

  it('carry the bus where the metric is of a bus', () => {
    const device = new FakeControls();
    device.buses = { mqtt: { state: 'online', error: undefined }, local: { state: 'offline', error: 'x' } };
    assert.deepEqual(
      samplesOf(device.health()).filter(({ name }) => METRICS[name].scope === 'bus'),
      [
        { name: 'busOnline', labels: { bus: 'mqtt' }, value: 1 },
        { name: 'busOnline', labels: { bus: 'local' }, value: 0 },
      ],
    );
  });

  it('are in base units', () => {
    const device = new FakeControls();
    device.agent().metrics.latency(250);
    device.loopDelayMs = { p50: 1, p99: 20, max: 30 };
    const samples = samplesOf(device.health());
    const p99 = samples.find(({ name, labels }) => name === 'latency' && labels.quantile === '0.99');
    assert.ok(Math.abs((p99?.value ?? 0) - 0.25) < 0.0025);
    assert.equal(samples.find(({ name }) => name === 'eventLoopDelay')?.value, 0.02);
  });

  it('have one series a reason for bad input', () => {
    const device = new FakeControls();
    device.agent().metrics.bad('not-json');
    const bad = samplesOf(device.health()).filter(({ name }) => name === 'badInputs');
    assert.equal(bad.find(({ labels }) => labels.reason === 'not-json')?.value, 1);
    assert.equal(
      bad.reduce((total, { value }) => total + value, 0),
      1,
    );
  });
});

describe('names for Prometheus', () => {
  it('are snake case with unit, and total for counters', () => {
    assert.equal(prometheusName('badInputs'), 'openclaw_edge_bad_inputs_total');
    assert.equal(prometheusName('runnerRss'), 'openclaw_edge_runner_rss_bytes');
    assert.equal(prometheusName('latency'), 'openclaw_edge_latency_seconds');
    assert.equal(prometheusName('keys'), 'openclaw_edge_keys');
  });

  it('are all in the reference, each once', () => {
    const reference = renderMetrics();
    for (const name of Object.keys(METRICS) as (keyof typeof METRICS)[]) {
      assert.equal(reference.split(`\`${prometheusName(name)}\``).length, 2, name);
    }
  });
});
