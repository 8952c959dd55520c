import { createHash, createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { fail, ok, type Result } from '../domain/errors.ts';

/** Curve (as OpenSSL calls it) and the digest that goes with it: what OpenSSF Model Signing knows. */
const DIGESTS: Readonly<Record<string, string>> = { prime256v1: 'sha256', secp384r1: 'sha384', secp521r1: 'sha512' };

/** A key with the curve's own digest and its fingerprint: the key itself, whatever it is called. */
export type SigningKey = {
  readonly key: KeyObject;
  readonly digest: string;
  /** Hex SHA-256 of the public key as PEM text (SPKI): `publicKey.hint` of a bundle, `keyid` of an envelope. */
  readonly hint: string;
};

/** Reads a private key without password: PKCS#8 or SEC 1 PEM. */
export function readPrivateKey(pem: string): Result<SigningKey> {
  try {
    return signingKey(createPrivateKey(pem));
  } catch (thrown) {
    // The cause may quote the PEM: a private key does not go into logs.
    return fail('E_KEY_INVALID', `not a private key (${reasonOf(thrown)})`);
  }
}

/** Reads a public key: SPKI PEM. A private key is refused: it has no place in a trust root. */
export function readPublicKey(pem: string): Result<SigningKey> {
  if (!pem.includes('-----BEGIN PUBLIC KEY-----')) return fail('E_KEY_INVALID', 'not a public key in PEM (SPKI)');
  try {
    return signingKey(createPublicKey(pem));
  } catch (thrown) {
    return fail('E_KEY_INVALID', `not a public key (${reasonOf(thrown)})`, thrown);
  }
}

/** Checks the curve of a key and takes its fingerprint. */
export function signingKey(key: KeyObject): Result<SigningKey> {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  const digest = key.asymmetricKeyType === 'ec' && curve !== undefined ? DIGESTS[curve] : undefined;
  if (digest === undefined) {
    return fail('E_KEY_INVALID', `${curve ?? key.asymmetricKeyType} is none of P-256, P-384, P-521`);
  }
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  return ok({ key, digest, hint: createHash('sha256').update(pem).digest('hex') });
}

function reasonOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unreadable';
}
