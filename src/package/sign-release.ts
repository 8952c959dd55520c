import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { fail, ok, type Result } from '../domain/errors.ts';
import { type Envelope, IN_TOTO_TYPE, parseSigned, signPayload } from './dsse.ts';
import { openPackage } from './load.ts';
import { readRegularFile } from './read-file.ts';
import { type Release, readEnvelope, writeReleaseStatement } from './release.ts';
import { replaceFile } from './sign.ts';
import { readPrivateKey } from './sign-key.ts';
import { readModelStatement } from './statement.ts';
import { MAX_SIGNATURE_BYTES } from './verify-contents.ts';

/** What the publisher decides; the rest of a release comes from the package. */
export type ReleaseTerms = Omit<Release, 'name' | 'version' | 'statementSha256'>;

/** Writes release.sig with one signature; it is bound to model.sig as it is now, and to the manifest's name and version. */
export async function signRelease(
  folder: string,
  privateKeyPem: string,
  terms: ReleaseTerms,
): Promise<Result<Release>> {
  const key = readPrivateKey(privateKeyPem);
  if (!key.ok) return key;
  const opened = await openPackage(folder);
  if (!opened.ok) return opened;
  const model = await readModelSignature(folder);
  if (!model.ok) return model;
  const { name, version } = opened.value.manifest;
  const release: Release = { name, version, ...terms, statementSha256: model.value.statementSha256 };
  const payload = writeReleaseStatement(release, model.value.digest);
  if (!payload.ok) return payload;
  const envelope: Envelope = {
    payload: payload.value.toString('base64'),
    payloadType: IN_TOTO_TYPE,
    signatures: [{ sig: signPayload(IN_TOTO_TYPE, payload.value, key.value), keyid: key.value.hint }],
  };
  await replaceFile(join(folder, 'release.sig'), JSON.stringify(envelope));
  return ok(release);
}

/** Adds the signature of a further key to release.sig; signing twice with one key changes nothing. */
export async function cosignRelease(folder: string, privateKeyPem: string): Promise<Result<{ signatures: number }>> {
  const key = readPrivateKey(privateKeyPem);
  if (!key.ok) return key;
  const bytes = await readRegularFile(join(folder, 'release.sig'), MAX_SIGNATURE_BYTES, 'E_SIGNATURE_MALFORMED');
  if (!bytes.ok) return fail('E_SIGNATURE_MISSING', 'there is no release.sig to add to', bytes.error);
  const envelope = readEnvelope(bytes.value);
  if (!envelope.ok) return envelope;
  const { payload, payloadType, signatures } = envelope.value;
  const keyid = key.value.hint;
  const sig = signPayload(payloadType, Buffer.from(payload, 'base64'), key.value);
  const all = [...signatures.filter((one) => one.keyid !== keyid), { sig, keyid }];
  await replaceFile(join(folder, 'release.sig'), JSON.stringify({ payload, payloadType, signatures: all }));
  return ok({ signatures: all.length });
}

const ANY_BUNDLE = z.looseObject({ dsseEnvelope: z.looseObject({ payload: z.base64() }) });

/** What model.sig says; whoever releases it may not be able to verify it, and devices do. */
async function readModelSignature(folder: string): Promise<Result<{ digest: string; statementSha256: string }>> {
  const bytes = await readRegularFile(join(folder, 'model.sig'), MAX_SIGNATURE_BYTES, 'E_SIGNATURE_MALFORMED');
  if (!bytes.ok) return fail('E_SIGNATURE_MISSING', 'sign the model before its release', bytes.error);
  const bundle = parseSigned(bytes.value, ANY_BUNDLE, 'model.sig');
  if (!bundle.ok) return bundle;
  const payload = Buffer.from(bundle.value.dsseEnvelope.payload, 'base64');
  const statement = readModelStatement(payload);
  if (!statement.ok) return statement;
  const statementSha256 = createHash('sha256').update(payload).digest('hex');
  return ok({ digest: statement.value.digest, statementSha256 });
}
