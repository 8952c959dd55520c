import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Counter, Gauge, Registry } from 'prom-client';
import { fail, ok, type Result } from '../domain/errors.ts';
import { METRICS, type MetricName, type Sample } from '../domain/metrics.ts';
import { prometheusName } from '../domain/prometheus-name.ts';

/** Only this machine: a scraper elsewhere comes through one that runs here. */
const HOST = '127.0.0.1';
const MAX_CONNECTIONS = 8;
/** A scraper sends one short request. */
const MAX_HEADER_BYTES = 4_096;
const REQUEST_TIMEOUT_MS = 5_000;
const KEEP_ALIVE_MS = 30_000;
const LIMITS = {
  maxHeaderSize: MAX_HEADER_BYTES,
  headersTimeout: REQUEST_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  connectionsCheckingInterval: REQUEST_TIMEOUT_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
};
/** Looking at the device has a cost: whoever asks more often gets the last answer. */
const FRESH_MS = 500;

const LABELS = { agent: ['agent', 'reason', 'quantile'], bus: ['bus'], device: [] };

export type PrometheusOptions = {
  /** 0: any free one. */
  readonly port: number;
  readonly samples: () => readonly Sample[];
  /** Milliseconds, never going back. */
  readonly monotonic: () => number;
};

type Metric = Counter | Gauge;

/** Serves the metrics as text for Prometheus, at GET /metrics on 127.0.0.1. */
export class PrometheusEndpoint {
  readonly #options: PrometheusOptions;
  #server: Server | undefined;
  #registry: Registry | undefined;
  readonly #metrics = new Map<MetricName, Metric>();
  #answer: { readonly atMs: number; readonly text: Promise<string> } | undefined;

  constructor(options: PrometheusOptions) {
    this.#options = options;
  }

  /** Begins to listen. Resolves with the port. */
  async start(): Promise<Result<number>> {
    const registry = new Registry();
    for (const [name, { type, help, scope }] of Object.entries(METRICS) as [
      MetricName,
      (typeof METRICS)[MetricName],
    ][]) {
      const config = { name: prometheusName(name), help, labelNames: LABELS[scope], registers: [registry] };
      this.#metrics.set(name, type === 'counter' ? new Counter(config) : new Gauge(config));
    }
    this.#registry = registry;
    const server = createServer(LIMITS, (request, response) => void this.#serve(request, response));
    server.maxConnections = MAX_CONNECTIONS;
    this.#server = server;
    return new Promise((resolve) => {
      server.on('error', (error) => resolve(fail('E_METRICS_PORT', `${HOST}:${this.#options.port}`, error)));
      server.listen(this.#options.port, HOST, () => resolve(ok((server.address() as AddressInfo).port)));
    });
  }

  /** Ends listening and all connections. Idempotent. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined || !server.listening) return;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page in a browser on this machine could reach us by a name that it makes point here.
    if (!isLocal(request.headers.host)) return end(response, 403, 'only by 127.0.0.1 or localhost\n');
    if (request.url !== '/metrics') return end(response, 404, 'only /metrics\n');
    if (request.method !== 'GET') return end(response, 405, 'only GET\n');
    try {
      response.setHeader('content-type', this.#registry?.contentType ?? 'text/plain');
      end(response, 200, await this.#text());
    } catch {
      end(response, 500, 'no metrics\n');
    }
  }

  #text(): Promise<string> {
    const now = this.#options.monotonic();
    if (this.#answer === undefined || now - this.#answer.atMs > FRESH_MS) {
      this.#answer = { atMs: now, text: this.#render() };
    }
    return this.#answer.text;
  }

  async #render(): Promise<string> {
    for (const metric of this.#metrics.values()) metric.reset();
    for (const { name, labels, value } of this.#options.samples()) {
      const metric = this.#metrics.get(name);
      // Fresh from reset: adding sets it, for a counter as for a gauge.
      if (Object.keys(labels).length === 0) metric?.inc(value);
      else metric?.inc(labels, value);
    }
    return (await this.#registry?.metrics()) ?? '';
  }
}

function isLocal(host: string | undefined): boolean {
  return host !== undefined && /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host);
}

function end(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(text) });
  response.end(text);
}
