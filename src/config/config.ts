import type { AgentSpec } from '../domain/agent-spec.ts';
import type { Route } from '../domain/route.ts';

/**
 * The whole configuration of a device, validated, with every default filled in. Times are in milliseconds and sizes in
 * bytes. Paths are as they were written: whoever opens them starts at the folder of the configuration file.
 */
export type Config = {
  /** AWS IoT thing name of this device. */
  readonly thing: string;
  /** Folder of everything that must survive a restart. */
  readonly stateDir: string;
  readonly bus: BusConfig;
  readonly outbox: OutboxConfig;
  readonly shadow: ShadowConfig;
  readonly log: LogConfig;
  readonly metrics: MetricsConfig;
  readonly commands: CommandsConfig;
  /** Undefined: models come with the agent only. */
  readonly rollouts: RolloutsConfig | undefined;
  readonly agents: readonly AgentSpec[];
};

type BusSession = {
  readonly clientId: string;
  readonly keepaliveMs: number;
  /** Unacknowledged QoS 1 publishes at most; the broker's Receive Maximum may lower it. */
  readonly maxInFlight: number;
};

/** A broker inside this process, on 127.0.0.1, MQTT 3.1.1. */
type EmbeddedBusConfig = BusSession & {
  readonly kind: 'embedded';
  /** False: nothing was said of a broker. A component has none then; every other device has this one. */
  readonly written: boolean;
  /** 0: any free port. */
  readonly port: number;
};

type UrlBusConfig = BusSession & {
  readonly kind: 'url';
  /** mqtt://host:port or mqtts://host:port; no user, no password, no path. */
  readonly url: string;
  readonly version: '3.1.1' | '5';
  readonly username: string | undefined;
  readonly passwordFile: string | undefined;
  /** Present exactly when the url is mqtts. */
  readonly tls: TlsConfig | undefined;
};

export type BusConfig = EmbeddedBusConfig | UrlBusConfig;

export type TlsConfig = {
  /** PEM file; undefined: the roots of the system. */
  readonly caFile: string | undefined;
  /** Client certificate and key, both or none. */
  readonly client: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly minVersion: '1.2' | '1.3';
};

type OutboxConfig = {
  readonly maxBytes: number;
  readonly maxRows: number;
  /** Failed attempts after which a message goes to quarantine. */
  readonly maxTries: number;
};

type ShadowConfig = { readonly enabled: boolean; readonly heartbeatMs: number };

/** The levels of ports/log.ts; the composition root holds the two together by their types. */
type LogConfig = { readonly level: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent' };

/** Prometheus text on 127.0.0.1; undefined: off, 0: any free port. */
type MetricsConfig = { readonly port: number | undefined };

/** `bus`: that which they come by; undefined: the device's choice, IoT Core as a component and the broker elsewhere. */
type CommandsConfig = { readonly enabled: boolean; readonly bus: Route | undefined };

/** How new models come. */
export type RolloutsConfig = {
  /** The trust root: whose signatures are believed. */
  readonly trust: string;
  /** Device groups that this thing belongs to. */
  readonly groups: readonly string[];
  /** Folder that is looked through for packages; undefined: none is. */
  readonly inbox: string | undefined;
};
