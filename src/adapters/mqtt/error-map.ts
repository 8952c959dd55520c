import { type ErrorCode, type Failure, failure } from '../../domain/errors.ts';

/** How far a connection had come when it ended: the same reset means different things. */
export type Stage = 'connecting' | 'handshake' | 'connack' | 'online';

/** System, X.509 and TLS alert codes of Node and OpenSSL. What is not named here is E_BUS_UNREACHABLE. */
const BY_CODE: Readonly<Record<string, ErrorCode>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'E_TLS_UNTRUSTED',
  SELF_SIGNED_CERT_IN_CHAIN: 'E_TLS_UNTRUSTED',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'E_TLS_UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT: 'E_TLS_UNTRUSTED',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'E_TLS_UNTRUSTED',
  CERT_SIGNATURE_FAILURE: 'E_TLS_UNTRUSTED',
  CERT_UNTRUSTED: 'E_TLS_UNTRUSTED',
  CERT_REJECTED: 'E_TLS_UNTRUSTED',
  CERT_REVOKED: 'E_TLS_UNTRUSTED',
  CERT_CHAIN_TOO_LONG: 'E_TLS_UNTRUSTED',
  INVALID_CA: 'E_TLS_UNTRUSTED',
  INVALID_PURPOSE: 'E_TLS_UNTRUSTED',
  PATH_LENGTH_EXCEEDED: 'E_TLS_UNTRUSTED',
  HOSTNAME_MISMATCH: 'E_TLS_UNTRUSTED',
  ERR_TLS_CERT_ALTNAME_INVALID: 'E_TLS_UNTRUSTED',

  CERT_HAS_EXPIRED: 'E_TLS_EXPIRED',
  CERT_NOT_YET_VALID: 'E_TLS_EXPIRED',
  // What the broker says of our certificate (RFC 8446, 6.2): 45.
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED: 'E_TLS_EXPIRED',

  // 116, 40, 42, 43, 44, 46, 48, 49 and 51.
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'E_TLS_CLIENT_CERT',
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: 'E_TLS_CLIENT_CERT',
  ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE: 'E_TLS_CLIENT_CERT',
  ERR_SSL_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE: 'E_TLS_CLIENT_CERT',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_REVOKED: 'E_TLS_CLIENT_CERT',
  ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN: 'E_TLS_CLIENT_CERT',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: 'E_TLS_CLIENT_CERT',
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: 'E_TLS_CLIENT_CERT',
  ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR: 'E_TLS_CLIENT_CERT',

  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: 'E_TLS_PROTOCOL',
  ERR_SSL_TLSV1_ALERT_INSUFFICIENT_SECURITY: 'E_TLS_PROTOCOL',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'E_TLS_PROTOCOL',
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: 'E_TLS_PROTOCOL',
  ERR_SSL_NO_SHARED_CIPHER: 'E_TLS_PROTOCOL',
  ERR_SSL_WRONG_VERSION_NUMBER: 'E_TLS_PROTOCOL',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'E_TLS_PROTOCOL',
  EPROTO: 'E_TLS_PROTOCOL',
};

/** What a peer that just hangs up looks like. */
const HANG_UPS = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED']);

export type Ending = {
  readonly stage: Stage;
  /** What the socket or the client reported; undefined: the connection was closed without a word. */
  readonly error: Error | undefined;
  readonly tls: boolean;
  readonly clientCertificate: boolean;
};

/** Says why a connection ended, in the words of the error table. */
export function describeEnd(ending: Ending): Failure {
  const { error } = ending;
  const code = codeOf(error);
  if (typeof code === 'number') return failure('E_BUS_REFUSED', error?.message, error);
  const known = code === undefined ? undefined : BY_CODE[code];
  if (known !== undefined) return failure(known, error?.message, error);
  if (ending.stage === 'connack' && (error === undefined || (code !== undefined && HANG_UPS.has(code)))) {
    return hungUpBeforeConnack(ending);
  }
  return failure('E_BUS_UNREACHABLE', error === undefined ? 'the connection was closed' : messageOf(error), error);
}

/**
 * TLS 1.3 tells a client only after its handshake that its certificate is missing or bad, and the alert may be lost in the
 * reset that follows it. A broker that has not spoken MQTT yet and hangs up on a client without a certificate means that.
 */
function hungUpBeforeConnack({ tls, clientCertificate, error }: Ending): Failure {
  if (tls && !clientCertificate) {
    return failure('E_TLS_CLIENT_CERT', 'it hung up right after the TLS handshake, and we have none', error);
  }
  return failure('E_BUS_REFUSED', 'it hung up without answering CONNECT', error);
}

function codeOf(error: Error | undefined): string | number | undefined {
  if (error === undefined || !('code' in error)) return undefined;
  return typeof error.code === 'string' || typeof error.code === 'number' ? error.code : undefined;
}

/** A failed dual-stack connect is an AggregateError with an empty message. */
function messageOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(String).join('; ');
  return error.message;
}
