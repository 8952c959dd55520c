import { type ErrorCode, type Failure, failure } from '../../domain/errors.ts';

/** How far a connection had come when it ended: the same reset means different things. */
export type Stage = 'connecting' | 'handshake' | 'connack' | 'online';

/** Codes of Node and OpenSSL for what we find wrong ourselves. What is not named here is E_BUS_UNREACHABLE. */
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
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'E_TLS_PROTOCOL',
  ERR_SSL_NO_PROTOCOLS_AVAILABLE: 'E_TLS_PROTOCOL',
  ERR_SSL_WRONG_VERSION_NUMBER: 'E_TLS_PROTOCOL',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'E_TLS_PROTOCOL',
  EPROTO: 'E_TLS_PROTOCOL',
};

/** What the broker says with a TLS alert (RFC 8446, 6.2). By number: OpenSSL renames its codes from version to version. */
const BY_ALERT: Readonly<Record<number, ErrorCode>> = {
  40: 'E_TLS_CLIENT_CERT', // handshake_failure
  42: 'E_TLS_CLIENT_CERT', // bad_certificate
  43: 'E_TLS_CLIENT_CERT', // unsupported_certificate
  44: 'E_TLS_CLIENT_CERT', // certificate_revoked
  45: 'E_TLS_EXPIRED', // certificate_expired
  46: 'E_TLS_CLIENT_CERT', // certificate_unknown
  48: 'E_TLS_CLIENT_CERT', // unknown_ca
  49: 'E_TLS_CLIENT_CERT', // access_denied
  51: 'E_TLS_CLIENT_CERT', // decrypt_error
  70: 'E_TLS_PROTOCOL', // protocol_version
  71: 'E_TLS_PROTOCOL', // insufficient_security
  116: 'E_TLS_CLIENT_CERT', // certificate_required
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
  const hungUp = error === undefined || (typeof code === 'string' && HANG_UPS.has(code));
  if (hungUp && ending.stage === 'connack') return hungUpBeforeConnack(ending);
  if (error === undefined) return failure('E_BUS_UNREACHABLE', 'the connection was closed');
  // Reason codes of MQTT are numbers, those of Node are words.
  if (typeof code === 'number') return failure('E_BUS_REFUSED', error.message, error);
  const alert = BY_ALERT[alertOf(error)];
  if (alert !== undefined) return failure(alert, `the broker says "${messageOf(error)}"`, error);
  return failure(BY_CODE[code ?? ''] ?? 'E_BUS_UNREACHABLE', messageOf(error), error);
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

/** Node gives the number in the message only. 0 (close_notify) is no failure and stands for none. */
function alertOf(error: Error): number {
  return Number(/alert number (\d+)/.exec(error.message)?.[1] ?? 0);
}

/** OpenSSL's own words are in `reason`; a failed dual-stack connect is an AggregateError with an empty message. */
function messageOf(error: Error): string {
  if ('reason' in error && typeof error.reason === 'string') return error.reason;
  if (error instanceof AggregateError && error.message === '') return error.errors.map(String).join('; ');
  return error.message;
}
