import { createHash } from 'node:crypto';
import { constants, type FileHandle, lstat, open, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../domain/errors.ts';

/** Sixteen variants and a few documents; far below what makes a listing slow. */
export const MAX_FILES = 64;
/** As large as the largest model file that a manifest may name. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;
/** A small and a large variant, both as large as allowed. */
const MAX_PACKAGE_BYTES = 1024 * 1024 * 1024;
/** Large enough to cost little, small enough that hashing one piece (under a millisecond) does not hold up readings. */
const CHUNK_BYTES = 256 * 1024;

/** The two files that the list in model.sig cannot hold: the list itself, and what is signed over it. */
export const UNSIGNED_FILES: readonly string[] = ['model.sig', 'release.sig'];

/** No slash, no leading dot, ASCII: it can only name a file of the package's own folder, on every file system. */
export function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name);
}

/** Names of everything in the folder of a package. What is not a plain file's name in a flat folder is refused. */
export async function listFiles(folder: string): Promise<Result<readonly string[]>> {
  const names: string[] = [];
  const lowered = new Set<string>();
  try {
    for await (const entry of await opendir(folder)) {
      const shown = JSON.stringify(entry.name);
      if (!entry.isFile()) return fail('E_PACKAGE_UNSAFE', `${shown} is not a regular file`);
      if (!isPlainName(entry.name)) return fail('E_PACKAGE_UNSAFE', `${shown} is not a plain file name`);
      if (lowered.has(entry.name.toLowerCase()))
        return fail('E_PACKAGE_UNSAFE', `${shown} is there twice, but for case`);
      // Whoever holds the other name could change the bytes after they were verified.
      const { nlink } = await lstat(join(folder, entry.name));
      if (nlink > 1) return fail('E_PACKAGE_UNSAFE', `${entry.name} is a hard link: it has ${nlink} names`);
      lowered.add(entry.name.toLowerCase());
      names.push(entry.name);
      if (names.length > MAX_FILES + UNSIGNED_FILES.length) {
        return fail('E_PACKAGE_TOO_LARGE', `over ${MAX_FILES} files`);
      }
    }
  } catch (thrown) {
    return fail('E_MODEL_MISSING', folder, thrown);
  }
  return ok(names.sort());
}

export type HashedFiles = { readonly files: ReadonlyMap<string, string>; readonly bytes: number };

/** Hashes files of the folder, each read once in pieces: memory stays flat. Refuses links and what is too large. */
export async function hashFiles(folder: string, names: readonly string[]): Promise<Result<HashedFiles>> {
  const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  const files = new Map<string, string>();
  let bytes = 0;
  for (const name of names) {
    const hashed = await hashFile(join(folder, name), name, chunk);
    if (!hashed.ok) return hashed;
    files.set(name, hashed.value.sha256);
    bytes += hashed.value.bytes;
    if (bytes > MAX_PACKAGE_BYTES) return fail('E_PACKAGE_TOO_LARGE', `over ${MAX_PACKAGE_BYTES} bytes`);
  }
  return ok({ files, bytes });
}

async function hashFile(path: string, name: string, chunk: Buffer): Promise<Result<{ sha256: string; bytes: number }>> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await file.stat();
    if (!stat.isFile()) return fail('E_PACKAGE_UNSAFE', `${name} is not a regular file`);
    if (stat.size > MAX_FILE_BYTES) return fail('E_PACKAGE_TOO_LARGE', `${name} has ${stat.size} bytes`);
    const hash = createHash('sha256');
    let bytes = 0;
    while (bytes <= stat.size) {
      const { bytesRead } = await file.read(chunk, 0, chunk.length, bytes);
      if (bytesRead === 0) break;
      hash.update(chunk.subarray(0, bytesRead));
      bytes += bytesRead;
    }
    if (bytes !== stat.size) return fail('E_PACKAGE_CONTENT', `${name} changed while it was read`);
    return ok({ sha256: hash.digest('hex'), bytes });
  } catch (thrown) {
    const reason = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
    if (reason === 'ELOOP') return fail('E_PACKAGE_UNSAFE', `${name} is a symbolic link`, thrown);
    return fail('E_PACKAGE_CONTENT', `${name} cannot be read (${reason})`, thrown);
  } finally {
    await file?.close();
  }
}
