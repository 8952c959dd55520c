import { type IClientOptions, UniqueMessageIdProvider } from 'mqtt';
import {
  CONNECT_TIMEOUT_MS,
  KEEPALIVE_SEC,
  MAX_PACKET_BYTES,
  type MqttBusOptions,
  RECEIVE_MAXIMUM,
  SESSION_EXPIRY_SEC,
} from './options.ts';

/** Says to mqtt.js what it has to do, and above all what not: reconnect, subscribe again, queue. */
export function clientOptions(options: MqttBusOptions): IClientOptions {
  const base: IClientOptions = {
    protocolId: 'MQTT',
    protocolVersion: options.version,
    clientId: options.clientId,
    clean: options.persistent !== true,
    keepalive: options.keepaliveSec ?? KEEPALIVE_SEC,
    // Our own timeout comes first and covers more; this one only must not come before it.
    connectTimeout: 2 * (options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS),
    manualConnect: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // The default one counts up and would give an id again that is still waiting for its PUBACK.
    messageIdProvider: new UniqueMessageIdProvider(),
    // 65,536 prepared buffers: 10 MB and 20 ms at the start, for nothing.
    writeCache: false,
    log: () => {},
  };
  if (options.username !== undefined) base.username = options.username;
  if (options.password !== undefined) base.password = options.password;
  if (options.version === 5) {
    base.properties = {
      sessionExpiryInterval: options.persistent === true ? SESSION_EXPIRY_SEC : 0,
      receiveMaximum: RECEIVE_MAXIMUM,
      maximumPacketSize: options.maxPacketBytes ?? MAX_PACKET_BYTES,
    };
  }
  return base;
}
