import { X509Certificate } from 'node:crypto';
import { fail, ok, type Result } from '../domain/errors.ts';
import { type SigningKey, signingKey } from './sign-key.ts';
import { type CertificateUse, certificateUse } from './x509-extensions.ts';

/** A root, two authorities below it and the leaf are usual; cross-signed ones come on top. */
export const MAX_CHAIN = 8;
const MIN_RSA_BITS = 2048;
/** No MD5, no SHA-1. */
const STRONG = /^(ecdsa-with-SHA(256|384|512)|sha(256|384|512)WithRSAEncryption|ED25519)$/i;

/** The key and name of whom a chain leads to, and the certificates that lead there, leaf first. */
export type Certified = {
  readonly key: SigningKey;
  readonly subject: string;
  readonly path: readonly X509Certificate[];
};

/** Reads certificates from PEM text, in their order. */
export function readCertificates(pem: string): Result<readonly X509Certificate[]> {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) return fail('E_CERTIFICATE_INVALID', 'there is no certificate in PEM');
  return parseCertificates(blocks);
}

/** Reads certificates, PEM or DER. */
export function parseCertificates(blocks: readonly (string | Buffer)[]): Result<readonly X509Certificate[]> {
  if (blocks.length > MAX_CHAIN) return fail('E_CERTIFICATE_INVALID', `over ${MAX_CHAIN} certificates`);
  try {
    return ok(blocks.map((block) => new X509Certificate(block)));
  } catch (thrown) {
    return fail('E_CERTIFICATE_INVALID', 'a certificate cannot be read', thrown);
  }
}

/**
 * Proves that the leaf, which comes first, descends from one of the authorities: every link signed, every one above
 * the leaf an authority that may sign, with room below it, and all of them valid at some common moment (the
 * reference checks neither). Rules: RFC 5280, 6.1, without policies, names and revocation.
 */
export function checkChain(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): Result<Certified> {
  const [leaf, ...others] = chain;
  if (leaf === undefined) return fail('E_CERTIFICATE_INVALID', 'the chain is empty');
  const path = findPath(leaf, others, authorities);
  if (path === undefined) return fail('E_SIGNER_UNTRUSTED', `${nameOf(leaf)} descends from no trusted authority`);
  return checkPath(leaf, path, undefined);
}

/** Checks a signer's own chain, leaf first, before anything is signed with it. */
export function checkOwnChain(chain: readonly X509Certificate[], atMs: number): Result<Certified> {
  const [leaf] = chain;
  if (leaf === undefined) return fail('E_CERTIFICATE_INVALID', 'the chain is empty');
  for (const [index, issuer] of chain.slice(1).entries()) {
    const issued = chain[index] ?? leaf;
    if (!isIssuedBy(issued, issuer)) {
      return fail('E_CERTIFICATE_INVALID', `${nameOf(issued)} is not issued by ${nameOf(issuer)}, which follows`);
    }
  }
  return checkPath(leaf, chain, atMs);
}

/** Tells why a certificate cannot be an authority of a trust root. */
export function authorityFault(certificate: X509Certificate): string | undefined {
  return faultOf(certificate, 1);
}

function checkPath(
  leaf: X509Certificate,
  path: readonly X509Certificate[],
  atMs: number | undefined,
): Result<Certified> {
  const valid = checkDates(path, atMs);
  if (!valid.ok) return valid;
  for (const [depth, certificate] of path.entries()) {
    const fault = faultOf(certificate, depth);
    if (fault !== undefined) return fail('E_CERTIFICATE_INVALID', `${nameOf(certificate)} ${fault}`);
  }
  const key = signingKey(leaf.publicKey);
  return key.ok ? ok({ key: key.value, subject: nameOf(leaf), path }) : key;
}

/** Leaf first, a trusted authority last. Each step takes one of the few that came along, so it ends. */
function findPath(
  leaf: X509Certificate,
  others: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  const path = [leaf];
  const left = others.filter((other) => authorities.every((one) => one.fingerprint256 !== other.fingerprint256));
  for (let current = leaf; ; ) {
    const anchor = authorities.find((authority) => isIssuedBy(current, authority));
    if (anchor !== undefined) return [...path, anchor];
    const at = left.findIndex((other) => isIssuedBy(current, other));
    const [next] = at < 0 ? [] : left.splice(at, 1);
    if (next === undefined) return undefined;
    path.push(next);
    current = next;
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  // Not checkIssued: it looks at key usage too, and the fault would be told as a missing authority.
  if (certificate.issuer !== issuer.subject) return false;
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

/** Every certificate must be valid at `atMs`; without it, at one common moment. */
export function checkDates(path: readonly X509Certificate[], atMs: number | undefined): Result<void> {
  const from = path.map((certificate) => certificate.validFromDate.getTime());
  const moment = atMs ?? Math.max(...from);
  for (const certificate of path) {
    const { validFromDate, validToDate } = certificate;
    if (moment < validFromDate.getTime()) {
      return fail('E_CERTIFICATE_EXPIRED', `${nameOf(certificate)} is valid from ${validFromDate.toISOString()}`);
    }
    if (moment > validToDate.getTime()) {
      return fail('E_CERTIFICATE_EXPIRED', `${nameOf(certificate)} was valid until ${validToDate.toISOString()}`);
    }
  }
  return ok(undefined);
}

/** Depth 0 is the leaf, 1 its issuer. */
function faultOf(certificate: X509Certificate, depth: number): string | undefined {
  if (!STRONG.test(certificate.signatureAlgorithm ?? '')) return `is signed with ${certificate.signatureAlgorithm}`;
  const bits = certificate.publicKey.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < MIN_RSA_BITS) return `has an RSA key of ${bits} bits`;
  let use: CertificateUse;
  try {
    use = certificateUse(certificate.raw);
  } catch {
    return 'has extensions that cannot be read';
  }
  if (use.unknownCritical.length > 0) return 'has a critical extension that is unknown here';
  if (depth === 0) {
    if (certificate.ca) return 'is an authority, and signs a model itself';
    return use.signsModels ? undefined : 'is not made for signing code or data';
  }
  // X509_check_ca of OpenSSL: BasicConstraints, and keyCertSign where there is KeyUsage.
  if (!certificate.ca) return 'is no certificate authority';
  return depth - 1 > use.pathLength ? `has more than ${use.pathLength} authorities below it` : undefined;
}

/** On one line, as `CN=line 3, O=plant`. */
function nameOf(certificate: X509Certificate): string {
  return certificate.subject.split('\n').join(', ');
}
