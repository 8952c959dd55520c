import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { TlsOptions } from './open-socket.ts';

export type MqttBusOptions = {
  /** mqtt://host:port or mqtts://host:port */
  readonly url: string;
  /** 4 is MQTT 3.1.1. */
  readonly version: 4 | 5;
  readonly clientId: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly tls?: TlsOptions | undefined;
  readonly keepaliveSec?: number | undefined;
  /** From the first packet to the answer to our subscriptions. */
  readonly connectTimeoutMs?: number | undefined;
  /** The broker keeps subscriptions and QoS 1 messages while we are away. */
  readonly persistent?: boolean | undefined;
  readonly maxInFlight?: number | undefined;
  /** Larger messages are thrown away as they arrive. */
  readonly maxPacketBytes?: number | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 to 1, for the jitter of the backoff. */
  readonly random: () => number;
};

/** A half-open connection is noticed after one and a half of it. Shorter costs a mobile link its sleep. */
export const KEEPALIVE_SEC = 30;
/** A TLS handshake over a slow mobile link takes seconds; a broker that needs longer is as good as away. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Brokers hold back more than they allow anyway (mosquitto 20, AWS IoT 100), and each one costs memory here. */
export const MAX_IN_FLIGHT = 100;
/** Eight times what AWS IoT allows (128 KB): room for a second of raw vibration of many channels. */
export const MAX_PACKET_BYTES = 1_048_576;
/** MQTT 5: how long the broker keeps the session of a device that went away. AWS IoT's default. */
export const SESSION_EXPIRY_SEC = 3_600;
/** MQTT 5: how many QoS 1 messages the broker may have on the way to us. */
export const RECEIVE_MAXIMUM = 100;
