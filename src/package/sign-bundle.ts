import type { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { fail, ok, type Result } from '../domain/errors.ts';
import { ENVELOPE, IN_TOTO_TYPE, isSignedBy, parseSigned, SIGNATURE } from './dsse.ts';
import type { SigningKey } from './sign-key.ts';
import type { TrustRoot } from './trust.ts';
import { checkChain, MAX_CHAIN, parseCertificates } from './x509.ts';

export const BUNDLE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
/** A certificate with an RSA key of 4096 bits takes 2 KB in base64. */
const MAX_CERTIFICATE_TEXT = 8 * 1024;

/** No transparency log here: an entry would look like a proof that nobody checks. */
const NO_LOG = z.array(z.unknown()).max(0).optional();
const BY_KEY = z.strictObject({ publicKey: z.strictObject({ hint: z.string().max(64) }), tlogEntries: NO_LOG });
const BY_CERTIFICATE = z.strictObject({
  x509CertificateChain: z.strictObject({
    certificates: z
      .array(z.strictObject({ rawBytes: z.base64().max(MAX_CERTIFICATE_TEXT) }))
      .min(1)
      .max(MAX_CHAIN),
  }),
  tlogEntries: NO_LOG,
});

/** A Sigstore bundle as OpenSSF Model Signing 1.1 writes it: one signature, by key or by certificate. */
const BUNDLE = z.strictObject({
  mediaType: z.literal(BUNDLE_TYPE),
  verificationMaterial: z.union([BY_KEY, BY_CERTIFICATE]),
  dsseEnvelope: ENVELOPE.extend({ signatures: z.array(SIGNATURE).length(1) }),
});

export type Bundle = z.infer<typeof BUNDLE>;

/** What a trusted signer has signed, who it was, and by which certificates; a key has none. */
export type Signed = {
  readonly payload: Buffer;
  readonly signer: string;
  readonly path: readonly X509Certificate[];
};

/**
 * Checks the signature of model.sig. Nothing of the payload is looked at before. Certificates must have been valid at one
 * common moment; whether they are so now is for `checkDates`.
 */
export function openBundle(bytes: Buffer, root: TrustRoot): Result<Signed> {
  const bundle = parseSigned(bytes, BUNDLE, 'model.sig');
  if (!bundle.ok) return bundle;
  const { verificationMaterial, dsseEnvelope } = bundle.value;
  const found = signerOf(verificationMaterial, root);
  if (!found.ok) return found;
  const payload = Buffer.from(dsseEnvelope.payload, 'base64');
  const sig = dsseEnvelope.signatures[0]?.sig ?? '';
  if (!isSignedBy(IN_TOTO_TYPE, payload, sig, found.value.key)) return fail('E_SIGNATURE_INVALID', 'of model.sig');
  return ok({ payload, signer: found.value.signer, path: found.value.path });
}

function signerOf(
  material: Bundle['verificationMaterial'],
  root: TrustRoot,
): Result<Omit<Signed, 'payload'> & { readonly key: SigningKey }> {
  if ('publicKey' in material) {
    const { hint } = material.publicKey;
    const key = root.keys.get(hint);
    if (key === undefined) return fail('E_SIGNER_UNTRUSTED', `key ${hint.slice(0, 16)} of model.sig`);
    return ok({ key, signer: root.keyIds.get(hint) ?? hint, path: [] });
  }
  const { certificates } = material.x509CertificateChain;
  const chain = parseCertificates(certificates.map(({ rawBytes }) => Buffer.from(rawBytes, 'base64')));
  if (!chain.ok) return chain;
  const certified = checkChain(chain.value, root.authorities);
  if (!certified.ok) return certified;
  const { key, subject, path } = certified.value;
  return ok({ key, signer: subject, path });
}
