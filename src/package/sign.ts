import { open, rename } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { fail, ok, type Result } from '../domain/errors.ts';
import { syncFolder } from '../files/durable.ts';
import { IN_TOTO_TYPE, signPayload } from './dsse.ts';
import { BUNDLE_TYPE, type Bundle } from './sign-bundle.ts';
import { readPrivateKey, type SigningKey } from './sign-key.ts';
import { writeModelStatement } from './statement.ts';
import { hashFiles, listFiles, UNSIGNED_FILES } from './verify-files.ts';
import { checkOwnChain, readCertificates } from './x509.ts';

/** Who signs, and how the verifier finds the key: by its fingerprint, or by certificates (PEM, leaf first). */
export type ModelSigner =
  | { readonly method: 'key'; readonly privateKeyPem: string }
  | { readonly method: 'certificate'; readonly privateKeyPem: string; readonly chainPem: string };

/**
 * Writes model.sig: an OpenSSF Model Signing bundle over every file of the folder but the two signatures. An older
 * release.sig stays, and no longer fits. Refuses what `verifyPackage` would refuse, expired certificates too.
 */
export async function signPackage(
  folder: string,
  signer: ModelSigner,
  nowMs: number,
): Promise<Result<{ files: readonly string[] }>> {
  const key = readPrivateKey(signer.privateKeyPem);
  if (!key.ok) return key;
  const material = materialOf(signer, key.value, nowMs);
  if (!material.ok) return material;
  const listed = await listFiles(folder);
  if (!listed.ok) return listed;
  const names = listed.value.filter((name) => !UNSIGNED_FILES.includes(name));
  if (names.length === 0) return fail('E_MODEL_MISSING', `${folder} is empty`);
  const hashed = await hashFiles(folder, names);
  if (!hashed.ok) return hashed;

  const payload = writeModelStatement(basename(resolve(folder)), hashed.value.files);
  const bundle: Bundle = {
    mediaType: BUNDLE_TYPE,
    verificationMaterial: { ...material.value, tlogEntries: [] },
    dsseEnvelope: {
      payload: payload.toString('base64'),
      payloadType: IN_TOTO_TYPE,
      signatures: [{ sig: signPayload(IN_TOTO_TYPE, payload, key.value), keyid: '' }],
    },
  };
  await replaceFile(join(folder, 'model.sig'), JSON.stringify(bundle));
  return ok({ files: names });
}

/** Replaces a file whole, readable by all: after a power cut there is the old one or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.new`;
  const file = await open(temporary, 'w', 0o644);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

function materialOf(signer: ModelSigner, key: SigningKey, nowMs: number): Result<Bundle['verificationMaterial']> {
  if (signer.method === 'key') return ok({ publicKey: { hint: key.hint } });
  const chain = readCertificates(signer.chainPem);
  if (!chain.ok) return chain;
  const checked = checkOwnChain(chain.value, nowMs);
  if (!checked.ok) return checked;
  if (checked.value.key.hint !== key.hint) return fail('E_KEY_INVALID', 'the first certificate is of another key');
  const certificates = chain.value.map(({ raw }) => ({ rawBytes: raw.toString('base64') }));
  return ok({ x509CertificateChain: { certificates } });
}
