import type { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { fail, ok, type Result } from '../domain/errors.ts';
import { MAX_SIGNATURES, SIGNATURE } from './dsse.ts';
import { problems } from './problems.ts';
import { readRegularFile } from './read-file.ts';
import { readPublicKey, type SigningKey } from './sign-key.ts';
import { authorityFault, readCertificates } from './x509.ts';

/** Sixteen keys and eight authorities in PEM take some 40 KB. */
const MAX_TRUST_BYTES = 256 * 1024;
const MAX_KEYS = 16;
const MAX_AUTHORITIES = 8;
/** An authority with an RSA key of 4096 bits takes 2 KB. */
const MAX_PEM = 8 * 1024;

const TRUST = z.strictObject({
  schemaVersion: z.literal(1),
  /** Grows by one with every rotation. */
  version: z.int().min(1),
  /** How many distinct keys must sign a release, and the next root. */
  threshold: z.int().min(1).max(MAX_KEYS),
  keys: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/, 'must be letters, digits and . _ @ -, 63 at most'),
        pem: z.string().max(MAX_PEM),
      }),
    )
    .min(1)
    .max(MAX_KEYS),
  /** CA certificates: whom they certify may sign models (model.sig), but not releases. */
  authorities: z.array(z.string().max(MAX_PEM)).max(MAX_AUTHORITIES).optional(),
  signatures: z.array(SIGNATURE).max(MAX_SIGNATURES).optional(),
});

/** The file as it is: what is signed at a rotation. */
export type TrustDocument = z.infer<typeof TRUST>;

/** A checked trust root: whom this device believes. */
export type TrustRoot = {
  readonly document: TrustDocument;
  readonly version: number;
  readonly threshold: number;
  /** By fingerprint: the same key under two names would count once, and is refused. */
  readonly keys: ReadonlyMap<string, SigningKey>;
  /** Fingerprint -> id, to tell people who signed. */
  readonly keyIds: ReadonlyMap<string, string>;
  readonly authorities: readonly X509Certificate[];
};

/** Reads trust.json: E_FILE_MISSING, E_TRUST_INVALID. The file itself is believed; its changes go through `rotateTrust`. */
export async function loadTrust(path: string): Promise<Result<TrustRoot>> {
  const read = await readRegularFile(path, MAX_TRUST_BYTES, 'E_TRUST_INVALID');
  if (!read.ok) return read;
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(read.value));
  } catch (thrown) {
    return fail('E_TRUST_INVALID', `${path} is not JSON in UTF-8`, thrown);
  }
  return parseTrust(document);
}

/** Checks a trust root: its keys and authorities are usable, distinct, and enough for its threshold. */
export function parseTrust(document: unknown): Result<TrustRoot> {
  const parsed = TRUST.safeParse(document);
  if (!parsed.success) return fail('E_TRUST_INVALID', problems(parsed.error), parsed.error);
  const { version, threshold, keys: listed, authorities: pems = [] } = parsed.data;

  const keys = new Map<string, SigningKey>();
  const keyIds = new Map<string, string>();
  for (const { id, pem } of listed) {
    const key = readPublicKey(pem);
    if (!key.ok) return fail('E_TRUST_INVALID', `key ${id}: ${key.error.message}`, key.error);
    const { hint } = key.value;
    if (keys.has(hint)) return fail('E_TRUST_INVALID', `key ${id} is the same as ${keyIds.get(hint)}`);
    if ([...keyIds.values()].includes(id)) return fail('E_TRUST_INVALID', `there are two keys ${id}`);
    keys.set(hint, key.value);
    keyIds.set(hint, id);
  }
  if (threshold > keys.size) return fail('E_TRUST_INVALID', `threshold ${threshold} with ${keys.size} keys`);

  const authorities: X509Certificate[] = [];
  for (const [index, pem] of pems.entries()) {
    const read = readCertificates(pem);
    if (!read.ok) return fail('E_TRUST_INVALID', `authorities[${index}]: ${read.error.message}`, read.error);
    for (const certificate of read.value) {
      const fault = authorityFault(certificate);
      if (fault !== undefined) return fail('E_TRUST_INVALID', `authorities[${index}] ${fault}`);
      authorities.push(certificate);
    }
  }
  return ok({ document: parsed.data, version, threshold, keys, keyIds, authorities });
}
