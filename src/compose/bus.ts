import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { EmbeddedBroker } from '../adapters/aedes/embedded-broker.ts';
import { MqttBus } from '../adapters/mqtt/mqtt-bus.ts';
import type { TlsOptions } from '../adapters/mqtt/open-socket.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { BusConfig, TlsConfig } from '../config/config.ts';
import { EdgeError, failure } from '../domain/errors.ts';
import type { Log } from '../ports/log.ts';

/** A broker of this process. Loaded only where it is used: most devices have one, and it would cost the start 20 ms. */
export async function startBroker(
  port: number,
  log: Log,
): Promise<{ readonly broker: EmbeddedBroker; readonly url: string }> {
  const { EmbeddedBroker } = await import('../adapters/aedes/embedded-broker.ts');
  const broker = new EmbeddedBroker({ port, log });
  const started = await broker.start();
  if (!started.ok) throw new EdgeError(started.error);
  return { broker, url: started.value.url };
}

/** The bus of the configuration; its secrets and certificates are read here, once. */
export async function makeBus(url: string, config: BusConfig, baseDir: string, log: Log): Promise<MqttBus> {
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
