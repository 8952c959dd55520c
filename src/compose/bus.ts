import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { EmbeddedBroker } from '../adapters/aedes/embedded-broker.ts';
import { MqttBus } from '../adapters/mqtt/mqtt-bus.ts';
import type { TlsOptions } from '../adapters/mqtt/open-socket.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { BusRouter } from '../agent/bus-router.ts';
import type { Part } from '../agent/lifecycle.ts';
import { Sender, type SenderNeeds } from '../agent/sender.ts';
import type { BusConfig, TlsConfig } from '../config/config.ts';
import { EdgeError, failure, given } from '../domain/errors.ts';
import { ROUTES, type Route } from '../domain/route.ts';
import type { Bus } from '../ports/bus.ts';
import type { Log } from '../ports/log.ts';

/** The buses of this device. */
export type Buses = {
  readonly all: ReadonlyMap<Route, Bus>;
  /** The one of topics that name none. */
  readonly fallback: Route;
  /** That one itself. */
  readonly main: Bus;
  /** All as one, for those who listen and publish. */
  readonly router: BusRouter;
  /** Connects them, once everything has subscribed. */
  readonly connection: Part;
  /** Ends them. */
  readonly ending: Part;
  /** Carry the outbox, one to each bus. */
  readonly senders: Part;
};

/** Puts buses together. A topic that names none goes to the first of ROUTES that is there. */
export function joinBuses(all: ReadonlyMap<Route, Bus>, needs: Omit<SenderNeeds, 'bus' | 'routes'>): Buses {
  const fallback = ROUTES.find((route) => all.has(route));
  const main = fallback && all.get(fallback);
  if (fallback === undefined || main === undefined) throw new Error('a device without a bus');
  const buses = [...all.values()];
  const senders = [...all].map(([route, bus]) => {
    const routes = route === fallback ? [route, undefined] : [route];
    return new Sender({ ...needs, bus, routes, log: needs.log.child({ part: 'sender', bus: route }) });
  });
  const warn = (bus: Route) => needs.log.warn({ bus }, 'messages wait for a bus that is no longer there');
  // Beside each other: one that hangs has the whole deadline, and so have the others.
  const each = <T>(of: readonly T[], act: (one: T) => unknown) => Promise.all(of.map(act));
  return {
    all,
    fallback,
    main,
    router: new BusRouter({ buses: all, fallback }),
    connection: { name: 'connection', start: () => each(buses, (bus) => bus.start()), stop: () => {} },
    ending: { name: 'buses', start: () => {}, stop: (deadlineMs) => each(buses, (bus) => bus.stop(deadlineMs)) },
    senders: {
      name: 'senders',
      start: () => {
        for (const route of ROUTES) if (!all.has(route) && needs.outbox.next(0, 1, [route]).length > 0) warn(route);
        return each(senders, (sender) => sender.start());
      },
      stop: (deadlineMs) => each(senders, (sender) => sender.stop(deadlineMs)),
    },
  };
}

/** The bus of the configured broker, and the broker itself where it is one of this process. */
export type OpenBroker = {
  readonly url: string;
  readonly buses: ReadonlyMap<Route, Bus>;
  stop(): Promise<void> | undefined;
};

export async function openBroker(config: BusConfig, baseDir: string, log: Log): Promise<OpenBroker> {
  const { broker, url } =
    config.kind === 'embedded' ? await startBroker(config.port, log) : { broker: undefined, url: config.url };
  const bus = await makeBus(url, config, baseDir, log.child({ part: 'bus' }));
  return { url, buses: new Map([['mqtt', bus]]), stop: () => broker?.stop() };
}

/** A broker of this process. Loaded only where it is used: most devices have one, and it would cost the start 20 ms. */
async function startBroker(port: number, log: Log): Promise<{ readonly broker: EmbeddedBroker; readonly url: string }> {
  const { EmbeddedBroker } = await import('../adapters/aedes/embedded-broker.ts');
  const broker = new EmbeddedBroker({ port, log });
  const { url } = given(await broker.start());
  return { broker, url };
}

/** The bus of the configuration; its secrets and certificates are read here, once. */
async function makeBus(url: string, config: BusConfig, baseDir: string, log: Log): Promise<MqttBus> {
  const { clientId, keepaliveMs, maxInFlight } = config;
  const common = {
    url,
    clientId,
    maxInFlight,
    keepaliveSec: keepaliveMs / 1000,
    persistent: true,
    clock: systemClock,
    log,
    random: Math.random,
  };
  if (config.kind === 'embedded') return new MqttBus({ ...common, version: 4 });
  const { username, passwordFile } = config;
  return new MqttBus({
    ...common,
    version: config.version === '5' ? 5 : 4,
    username,
    password:
      passwordFile === undefined ? undefined : (await readNeeded(baseDir, passwordFile)).toString('utf8').trimEnd(),
    tls: config.tls === undefined ? undefined : await readTls(config.tls, baseDir),
  });
}

async function readTls({ caFile, client, minVersion }: TlsConfig, baseDir: string): Promise<TlsOptions> {
  return {
    ca: caFile === undefined ? undefined : await readNeeded(baseDir, caFile),
    cert: client === undefined ? undefined : await readNeeded(baseDir, client.certFile),
    key: client === undefined ? undefined : await readNeeded(baseDir, client.keyFile),
    minVersion: minVersion === '1.2' ? 'TLSv1.2' : 'TLSv1.3',
  };
}

async function readNeeded(baseDir: string, path: string): Promise<Buffer> {
  try {
    return await readFile(resolve(baseDir, path));
  } catch (cause) {
    throw new EdgeError(failure('E_FILE_MISSING', path, cause));
  }
}
