import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, fail, ok, type Result } from '../domain/errors.ts';
import { MAX_MANIFEST_BYTES } from './load.ts';
import { readRegularFile } from './read-file.ts';
import { archiveBytes, scanArchive } from './unpack.ts';
import { type HashedFiles, hashFiles, listFiles, UNSIGNED_FILES } from './verify-files.ts';

/** 64 resources and a chain of eight certificates take some 40 KB. */
export const MAX_SIGNATURE_BYTES = 256 * 1024;

/** A package to verify, in a folder or in a zip. */
export type Contents = {
  readonly names: readonly string[];
  /** Reads model.sig, release.sig or manifest.json. E_FILE_MISSING where it is not there. */
  read(name: string): Promise<Result<Buffer>>;
  /** Hashes every file but the two signatures. */
  hash(): Promise<Result<HashedFiles>>;
};

/** Looks what is there; nothing is unpacked, a zip is hashed as it is inflated. */
export async function openContents(source: string): Promise<Result<Contents>> {
  try {
    return (await stat(source)).isDirectory() ? await folderContents(source) : await zipContents(source);
  } catch (thrown) {
    return fail('E_MODEL_MISSING', source, thrown);
  }
}

async function folderContents(folder: string): Promise<Result<Contents>> {
  const listed = await listFiles(folder);
  if (!listed.ok) return listed;
  const names = listed.value;
  return ok({
    names,
    read: (name) => readRegularFile(join(folder, name), limitOf(name) ?? 0, codeOf(name)),
    hash: () => hashFiles(folder, names.filter(isSigned)),
  });
}

async function zipContents(zip: string): Promise<Result<Contents>> {
  const scanned = await scanArchive(zip, limitOf);
  if (!scanned.ok) return scanned;
  const size = await archiveBytes(zip);
  if (!size.ok) return size;
  const { digests, kept } = scanned.value;
  const files = new Map([...digests].filter(([name]) => isSigned(name)));
  const signatures = UNSIGNED_FILES.reduce((bytes, name) => bytes + (kept.get(name)?.length ?? 0), 0);
  return ok({
    names: [...digests.keys()].sort(),
    read: async (name) => {
      const bytes = kept.get(name);
      return bytes === undefined ? fail('E_FILE_MISSING', name) : ok(bytes);
    },
    hash: async () => ok({ files, bytes: size.value - signatures }),
  });
}

function limitOf(name: string): number | undefined {
  if (UNSIGNED_FILES.includes(name)) return MAX_SIGNATURE_BYTES;
  return name === 'manifest.json' ? MAX_MANIFEST_BYTES : undefined;
}

function isSigned(name: string): boolean {
  return !UNSIGNED_FILES.includes(name);
}

function codeOf(name: string): ErrorCode {
  return UNSIGNED_FILES.includes(name) ? 'E_SIGNATURE_MALFORMED' : 'E_MANIFEST_INVALID';
}
