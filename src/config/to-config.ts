import { type BusForm, DEFAULT_PORT } from './bus-form.ts';
import type { BusConfig, Config, TlsConfig } from './config.ts';
import type { ConfigForm } from './form.ts';
import { toAgent } from './to-agent.ts';

/** Turns the form of the file into what the rest of the code consumes. */
export function toConfig(form: ConfigForm): Config {
  return {
    thing: form.thing,
    stateDir: form.state,
    bus: toBus(form.bus, form.thing),
    outbox: form.outbox,
    shadow: { enabled: form.shadow.enabled, heartbeatMs: form.shadow.heartbeat },
    log: form.log,
    metrics: { port: form.metrics.port },
    commands: { enabled: form.commands.enabled, bus: form.commands.bus },
    rollouts: form.rollouts && { ...form.rollouts, inbox: form.rollouts.inbox },
    agents: form.agents.map(toAgent),
  };
}

function toBus(form: BusForm, thing: string): BusConfig {
  const session = {
    clientId: form.clientId ?? thing,
    keepaliveMs: form.keepalive,
    maxInFlight: form.maxInFlight,
  };
  if (form.url === undefined) {
    const { embedded } = form;
    return { kind: 'embedded', written: embedded !== undefined, port: embedded?.port ?? DEFAULT_PORT, ...session };
  }
  return {
    kind: 'url',
    url: form.url,
    version: form.version === '3.1.1' ? '3.1.1' : '5',
    username: form.username,
    passwordFile: form.passwordFile,
    tls: form.tls === undefined ? undefined : toTls(form.tls),
    ...session,
  };
}

function toTls({ ca, cert, key, minVersion }: NonNullable<BusForm['tls']>): TlsConfig {
  return {
    caFile: ca === 'system' ? undefined : ca,
    client: cert === undefined || key === undefined ? undefined : { certFile: cert, keyFile: key },
    minVersion: String(minVersion) === '1.2' ? '1.2' : '1.3',
  };
}
