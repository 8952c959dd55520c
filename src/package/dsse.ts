import { sign, verify } from 'node:crypto';
import { z } from 'zod';
import { fail, ok, type Result } from '../domain/errors.ts';
import { problems } from './problems.ts';
import type { SigningKey } from './sign-key.ts';

export const IN_TOTO_TYPE = 'application/vnd.in-toto+json';
/** More signers than any threshold; each signature costs a verification. */
export const MAX_SIGNATURES = 16;
/** A P-521 signature in base64 takes 188 characters. */
const MAX_SIG_TEXT = 256;
/** As much as a signature file may have. */
const MAX_PAYLOAD_TEXT = 512 * 1024;

const BASE64 = z
  .string()
  .min(1)
  .max(MAX_PAYLOAD_TEXT)
  .refine((text) => Buffer.from(text, 'base64').toString('base64') === text, 'must be canonical base64');

export const SIGNATURE = z.strictObject({ sig: BASE64.max(MAX_SIG_TEXT), keyid: z.string().max(MAX_SIG_TEXT) });

/** A DSSE envelope as JSON (github.com/secure-systems-lab/dsse, envelope.md). */
export const ENVELOPE = z.strictObject({
  payload: BASE64,
  payloadType: z.literal(IN_TOTO_TYPE),
  signatures: z.array(SIGNATURE).min(1).max(MAX_SIGNATURES),
});

export type Signature = z.infer<typeof SIGNATURE>;
export type Envelope = z.infer<typeof ENVELOPE>;

/** Signs a payload: DER-encoded ECDSA over the DSSE pre-authentication encoding. */
export function signPayload(type: string, payload: Buffer, { key, digest }: SigningKey): string {
  return sign(digest, preAuthentication(type, payload), key).toString('base64');
}

export function isSignedBy(type: string, payload: Buffer, sig: string, { key, digest }: SigningKey): boolean {
  return verify(digest, preAuthentication(type, payload), key, Buffer.from(sig, 'base64'));
}

/**
 * Counts the distinct trusted keys that have signed, and gives their fingerprints. A key counts once, however often it
 * signs. Signatures of unknown keys are passed over (another root may know them); a wrong one of a trusted key is not.
 */
export function trustedSigners(
  type: string,
  payload: Buffer,
  signatures: readonly Signature[],
  trusted: ReadonlyMap<string, SigningKey>,
): Result<ReadonlySet<string>> {
  const signers = new Set<string>();
  for (const { sig, keyid } of signatures) {
    const key = trusted.get(keyid);
    if (key === undefined) continue;
    if (!isSignedBy(type, payload, sig, key)) return fail('E_SIGNATURE_INVALID', `of key ${keyid.slice(0, 16)}`);
    signers.add(keyid);
  }
  return ok(signers);
}

/** Reads UTF-8 JSON and checks it; `name` tells which file is wrong. */
export function parseSigned<T>(bytes: Buffer, schema: z.ZodType<T>, name: string): Result<T> {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (thrown) {
    return fail('E_SIGNATURE_MALFORMED', `${name} is not JSON in UTF-8`, thrown);
  }
  const parsed = schema.safeParse(document);
  if (parsed.success) return ok(parsed.data);
  return fail('E_SIGNATURE_MALFORMED', `${name}: ${problems(parsed.error)}`, parsed.error);
}

/** PAE of DSSE 1.0: lengths in bytes, so that no two pairs of type and payload share an encoding. */
function preAuthentication(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}
