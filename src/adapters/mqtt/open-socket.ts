import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureVersion } from 'node:tls';
import { fail, ok, type Result } from '../../domain/errors.ts';

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtt:': 1883, 'mqtts:': 8883 };

/** Certificates and keys are PEM text. */
export type TlsOptions = {
  readonly ca?: Uint8Array | undefined;
  readonly cert?: Uint8Array | undefined;
  readonly key?: Uint8Array | undefined;
  /** TLSv1.3 where nothing is said. */
  readonly minVersion?: Extract<SecureVersion, 'TLSv1.2' | 'TLSv1.3'> | undefined;
  /** The name that the broker's certificate must carry; the host of the URL where nothing is said. */
  readonly servername?: string | undefined;
};

/** Starts to connect. Only what is wrong with our own certificates fails at once; the rest is told by the socket. */
export function openSocket(url: URL, tls: TlsOptions | undefined): Result<Socket> {
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? (DEFAULT_PORTS[url.protocol] ?? 1883) : Number(url.port);
  const socket = url.protocol === 'mqtts:' ? openTls(host, port, tls ?? {}) : ok(connectTcp({ host, port }));
  // Nagle's algorithm would hold a small answer back until the last one is acknowledged: up to 40 ms.
  if (socket.ok) socket.value.setNoDelay(true);
  return socket;
}

function openTls(host: string, port: number, tls: TlsOptions): Result<Socket> {
  const ca = tls.ca === undefined ? undefined : Buffer.from(tls.ca);
  try {
    createSecureContext({ ca });
  } catch (cause) {
    return fail('E_TLS_UNTRUSTED', 'bus.tls.ca is not a certificate in PEM form', cause);
  }
  const cert = tls.cert === undefined ? undefined : Buffer.from(tls.cert);
  const key = tls.key === undefined ? undefined : Buffer.from(tls.key);
  try {
    const secureContext = createSecureContext({ ca, cert, key, minVersion: tls.minVersion ?? 'TLSv1.3' });
    const servername = tls.servername ?? (isIP(host) === 0 ? host : '');
    return ok(connectTls({ host, port, servername, secureContext, rejectUnauthorized: true }));
  } catch (cause) {
    return fail('E_TLS_CLIENT_CERT', 'bus.tls.cert and bus.tls.key are not a pair in PEM form', cause);
  }
}
