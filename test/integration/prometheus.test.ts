import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { PrometheusEndpoint } from '../../src/adapters/prometheus.ts';
import { samplesOf } from '../../src/agent/samples.ts';
import { FakeControls } from '../fakes/controls.ts';

describe('the Prometheus endpoint', () => {
  let endpoint: PrometheusEndpoint;
  let device: FakeControls;
  let now = 0;
  let looks = 0;
  let port = 0;

  beforeEach(async () => {
    device = new FakeControls(['press', 'saw']);
    looks = 0;
    const samples = () => {
      looks++;
      return samplesOf(device.health());
    };
    endpoint = new PrometheusEndpoint({ port: 0, samples, monotonic: () => now });
    const started = await endpoint.start();
    assert.ok(started.ok);
    port = started.value;
  });

  afterEach(() => endpoint.stop());

  it('serves the counters of each agent', async () => {
    device.agent('press').metrics.inc('readings', 5);
    device.agent('saw').metrics.bad('not-json');
    const { status, text, headers } = await get({});
    assert.equal(status, 200);
    assert.match(String(headers['content-type']), /^text\/plain/);
    assert.match(text, /^# HELP openclaw_edge_readings_total Messages decoded to readings$/m);
    assert.match(text, /^# TYPE openclaw_edge_readings_total counter$/m);
    assert.match(text, /^openclaw_edge_readings_total\{agent="press"\} 5$/m);
    assert.match(text, /^openclaw_edge_readings_total\{agent="saw"\} 0$/m);
    assert.match(text, /^openclaw_edge_bad_inputs_total\{agent="saw",reason="not-json"\} 1$/m);
    assert.match(text, /^openclaw_edge_bus_online{bus="mqtt"} 1$/m);
    assert.match(text, /^openclaw_edge_latency_seconds\{agent="press",quantile="0.99"\} 0$/m);
  });

  it('serves the newest values, never sums of looks', async () => {
    device.agent('press').metrics.inc('readings', 5);
    await get({});
    now += 1_000;
    device.agent('press').metrics.inc('readings');
    assert.match((await get({})).text, /^openclaw_edge_readings_total\{agent="press"\} 6$/m);
  });

  it('looks at the device twice a second at most', async () => {
    now += 1_000;
    for (let i = 0; i < 5; i++) await get({});
    assert.equal(looks, 1);
  });

  it('is reached by 127.0.0.1 only', async () => {
    const socket = connect(port, '127.0.0.2');
    const [error] = await once(socket, 'error');
    assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED');
  });

  it('refuses other paths, methods and host names', async () => {
    assert.equal((await get({ path: '/' })).status, 404);
    assert.equal((await get({ path: '/metrics?x=1' })).status, 404);
    assert.equal((await get({ method: 'POST' })).status, 405);
    assert.equal((await get({ headers: { host: 'evil.example' } })).status, 403);
    assert.equal((await get({ headers: { host: `localhost:${port}` } })).status, 200);
  });

  it('refuses large requests', async () => {
    assert.equal((await get({ headers: { 'x-large': 'x'.repeat(5_000) } })).status, 431);
  });

  it('answers 500 when the device cannot be looked at, and recovers', async () => {
    const { buses } = device;
    device.buses = undefined as never;
    now += 1_000;
    assert.equal((await get({})).status, 500);
    device.buses = buses;
    now += 1_000;
    assert.equal((await get({})).status, 200);
  });

  it('tells that its port is taken', async () => {
    const second = new PrometheusEndpoint({ port, samples: () => [], monotonic: () => 0 });
    const started = await second.start();
    assert.equal(!started.ok && started.error.code, 'E_METRICS_PORT');
    await second.stop();
  });

  it('stops at once, also with connections open, and twice', async () => {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.on('error', () => {});
    await endpoint.stop();
    await endpoint.stop();
    if (!socket.destroyed) await once(socket, 'close');
    assert.ok(socket.destroyed);
  });

  async function get(options: { path?: string; method?: string; headers?: Record<string, string> }) {
    const asked = request({ host: '127.0.0.1', port, path: '/metrics', agent: false, ...options }).end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode, headers: response.headers, text };
  }
});
