import { fail, ok, type Result } from '../domain/errors.ts';
import { signPayload, trustedSigners } from './dsse.ts';
import { readPrivateKey } from './sign-key.ts';
import type { TrustDocument, TrustRoot } from './trust.ts';

const TRUST_TYPE = 'application/vnd.openclaw.trust+json';

/**
 * Accepts the next trust root: its version is one higher, and enough keys of the old root and enough of its own have
 * signed it. The old ones say that it is genuine, the new ones that their keys exist.
 */
export function rotateTrust(current: TrustRoot, next: TrustRoot): Result<TrustRoot> {
  if (next.version !== current.version + 1) {
    return fail('E_TRUST_ROTATION', `version ${next.version} does not follow ${current.version}`);
  }
  for (const [root, which] of [
    [current, 'old'],
    [next, 'new'],
  ] as const) {
    const signers = trustedSigners(TRUST_TYPE, signedBytes(next.document), next.document.signatures ?? [], root.keys);
    if (!signers.ok) return fail('E_TRUST_ROTATION', signers.error.message, signers.error);
    if (signers.value.size < root.threshold) {
      return fail(
        'E_TRUST_ROTATION',
        `${signers.value.size} keys of the ${which} root have signed, ${root.threshold} are needed`,
      );
    }
  }
  return ok(next);
}

/** Adds the signature of one key to a trust root; signing twice changes nothing. */
export function signTrust({ document }: TrustRoot, privateKeyPem: string): Result<TrustDocument> {
  const key = readPrivateKey(privateKeyPem);
  if (!key.ok) return key;
  const keyid = key.value.hint;
  const others = (document.signatures ?? []).filter((signature) => signature.keyid !== keyid);
  const sig = signPayload(TRUST_TYPE, signedBytes(document), key.value);
  return ok({ ...document, signatures: [...others, { keyid, sig }] });
}

/** Everything but the signatures, written the one canonical way: fields sorted, no spaces. */
function signedBytes({ signatures: _, ...document }: TrustDocument): Buffer {
  return Buffer.from(canonical(document));
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, one]) => one !== undefined);
  const sorted = fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join(',')}}`;
}
