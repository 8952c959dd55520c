import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '../domain/errors.ts';
import type { Manifest } from '../domain/manifest.ts';
import type { PackageVerifier, VerifiedPackage, VerifyContext } from '../ports/package-verifier.ts';
import { parseManifest } from './manifest.ts';
import { checkRelease } from './release.ts';
import { openBundle } from './sign-bundle.ts';
import { readModelStatement } from './statement.ts';
import type { TrustRoot } from './trust.ts';
import { type Contents, openContents } from './verify-contents.ts';
import { UNSIGNED_FILES } from './verify-files.ts';
import { checkDates } from './x509.ts';

/** What a package may hold besides its manifest, golden cases and variants. */
const DOCUMENTS = ['manifest.json', 'golden.json', 'MODEL_CARD.md', 'README.md', 'LICENSE', 'NOTICE'];

/** The PackageVerifier of this device. The trust root is read at every verification: a rotated one counts at once. */
export class FolderVerifier implements PackageVerifier {
  readonly #trust: () => Promise<Result<TrustRoot>>;

  constructor(parts: { readonly trust: () => Promise<Result<TrustRoot>> }) {
    this.#trust = parts.trust;
  }

  async verify(source: string, context: VerifyContext): Promise<Result<VerifiedPackage>> {
    const root = await this.#trust();
    return root.ok ? verifyPackage(source, root.value, context) : root;
  }
}

/**
 * Verifies a package in a folder or a zip. The cheap questions come first: what is there, who signed it, is it for this
 * device; then every file is hashed once, and the manifest is read from exactly the bytes that were hashed.
 */
export async function verifyPackage(
  source: string,
  root: TrustRoot,
  context: VerifyContext,
): Promise<Result<VerifiedPackage>> {
  const opened = await openContents(source);
  if (!opened.ok) return opened;
  const contents = opened.value;
  const modelSig = await readSignature(contents, 'model.sig');
  if (!modelSig.ok) return modelSig;
  const releaseSig = await readSignature(contents, 'release.sig');
  if (!releaseSig.ok) return releaseSig;

  const signed = openBundle(modelSig.value, root);
  if (!signed.ok) return signed;
  const statement = readModelStatement(signed.value.payload);
  if (!statement.ok) return statement;
  const { digest, files } = statement.value;
  // What was let in here and is kept is not installed anew: the floor has risen with it, and it may have expired since.
  const newInstall = context.newInstall && context.keptDigests?.includes(digest) !== true;
  const valid = newInstall ? checkDates(signed.value.path, context.nowMs) : ok(undefined);
  if (!valid.ok) return valid;
  const checked = checkRelease(releaseSig.value, { digest, statementSha256: sha256(signed.value.payload) }, root, {
    ...context,
    newInstall,
  });
  if (!checked.ok) return checked;

  const matching = sameNames(contents.names, files);
  if (!matching.ok) return matching;
  const hashed = await contents.hash();
  if (!hashed.ok) return hashed;
  for (const [name, wanted] of files) {
    if (hashed.value.files.get(name) !== wanted) return fail('E_PACKAGE_CONTENT', `${name} was changed`);
  }

  const manifest = await readManifest(contents, files);
  if (!manifest.ok) return manifest;
  const { name, version } = manifest.value;
  const { release, signers, downgrade } = checked.value;
  if (release.name !== name || release.version !== version) {
    return fail(
      'E_RELEASE_MISMATCH',
      `it releases ${release.name} ${release.version}, the manifest is of ${name} ${version}`,
    );
  }
  return ok({
    ref: { name, version, release: release.release, digest },
    manifest: manifest.value,
    files: new Map([...files, ['model.sig', sha256(modelSig.value)], ['release.sig', sha256(releaseSig.value)]]),
    signers: [...new Set([signed.value.signer, ...signers])],
    bytes: hashed.value.bytes + modelSig.value.length + releaseSig.value.length,
    ...(downgrade === undefined ? {} : { downgrade }),
  });
}

async function readSignature(contents: Contents, name: string): Promise<Result<Buffer>> {
  const read = await contents.read(name);
  return !read.ok && read.error.code === 'E_FILE_MISSING' ? fail('E_SIGNATURE_MISSING', `${name} is missing`) : read;
}

function sameNames(listed: readonly string[], files: ReadonlyMap<string, string>): Result<void> {
  const extra = listed.find((name) => !files.has(name) && !UNSIGNED_FILES.includes(name));
  if (extra !== undefined) return fail('E_PACKAGE_CONTENT', `${extra} is not signed`);
  const missing = [...files.keys()].find((name) => !listed.includes(name));
  return missing === undefined ? ok(undefined) : fail('E_PACKAGE_CONTENT', `${missing} is missing`);
}

/** The manifest, once it tells the same as the signature of every variant, and knows every file. */
async function readManifest(contents: Contents, files: ReadonlyMap<string, string>): Promise<Result<Manifest>> {
  if (!files.has('manifest.json')) return fail('E_PACKAGE_CONTENT', 'manifest.json is missing');
  const bytes = await contents.read('manifest.json');
  if (!bytes.ok) return bytes;
  if (sha256(bytes.value) !== files.get('manifest.json')) {
    return fail('E_PACKAGE_CONTENT', 'manifest.json changed while it was verified');
  }
  const manifest = parseJson(bytes.value);
  if (!manifest.ok) return manifest;
  const { variants } = manifest.value;
  for (const { file, sha256: wanted } of variants) {
    if (files.get(file) !== wanted) return fail('E_MODEL_DIGEST', `${file} has another digest in manifest.json`);
  }
  const unknown = [...files.keys()].find(
    (name) => !DOCUMENTS.includes(name) && variants.every((variant) => variant.file !== name),
  );
  return unknown === undefined ? manifest : fail('E_PACKAGE_CONTENT', `nothing in manifest.json asks for ${unknown}`);
}

function parseJson(bytes: Buffer): Result<Manifest> {
  try {
    return parseManifest(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch (thrown) {
    return fail('E_MANIFEST_INVALID', 'manifest.json is not JSON in UTF-8', thrown);
  }
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
