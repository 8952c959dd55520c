import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { ZipFile } from 'yauzl';
import { fail, ok, type Result } from '../domain/errors.ts';
import { ARCHIVE_LIMITS, type ArchiveFile, type ArchiveLimits, refuse, withArchive } from './archive.ts';

/** Adds up what a zip says it holds, after the checks of its directory: how much room `unpackTo` needs at most. */
export function archiveBytes(zip: string, limits = ARCHIVE_LIMITS): Promise<Result<number>> {
  return withArchive(zip, limits, async ({ totalBytes }) => ok(totalBytes));
}

/**
 * Unpacks a zip into a new folder (mode 0700), each file synced to disk, and returns the hex SHA-256 of each file as it
 * was written. Memory stays flat. Archives that lie, or are no package, are E_PACKAGE_ARCHIVE; a full disk is
 * E_DISK_FULL. After a failure the folder is gone. The folder must not be there before.
 */
export async function unpackTo(
  zip: string,
  folder: string,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Promise<Result<ReadonlyMap<string, string>>> {
  return withArchive(zip, limits, async (archive) => {
    await mkdir(folder, { mode: 0o700 });
    const digests = new Map<string, string>();
    for (const file of archive.files) {
      const written = await writeFile(archive.zip, file, folder);
      if (!written.ok) {
        await rm(folder, { recursive: true, force: true });
        return written;
      }
      digests.set(file.name, written.value);
    }
    return ok(digests);
  });
}

/** What an archive holds, looked at without writing anything. */
export type ScannedArchive = {
  /** Name -> hex SHA-256 of every file. */
  readonly digests: ReadonlyMap<string, string>;
  /** The files that were asked for: the very bytes that were hashed. */
  readonly kept: ReadonlyMap<string, Buffer>;
};

/**
 * Hashes every file of a zip, and keeps the bytes of those that `limitOf` gives a limit: how a package is verified in
 * its archive. One that is larger than its limit is E_PACKAGE_ARCHIVE.
 */
export async function scanArchive(
  zip: string,
  limitOf: (name: string) => number | undefined,
  limits: ArchiveLimits = ARCHIVE_LIMITS,
): Promise<Result<ScannedArchive>> {
  return withArchive(zip, limits, async (archive) => {
    const digests = new Map<string, string>();
    const kept = new Map<string, Buffer>();
    for (const file of archive.files) {
      const limit = limitOf(file.name);
      if (limit !== undefined && file.bytes > limit) return refuse(`${file.name} has ${file.bytes} bytes`);
      const chunks: Buffer[] = [];
      const digest = await pour(archive.zip, file, async (chunk) => {
        if (limit !== undefined) chunks.push(chunk);
      });
      if (!digest.ok) return digest;
      digests.set(file.name, digest.value);
      if (limit !== undefined) kept.set(file.name, Buffer.concat(chunks));
    }
    return ok({ digests, kept });
  });
}

/** Reads one file of a zip. E_FILE_MISSING where it holds none of that name. */
export function readFromArchive(zip: string, name: string, limit: number): Promise<Result<Buffer>> {
  return withArchive(zip, ARCHIVE_LIMITS, async (archive) => {
    const file = archive.files.find((one) => one.name === name);
    if (file === undefined) return fail('E_FILE_MISSING', name);
    if (file.bytes > limit) return refuse(`${name} has ${file.bytes} bytes`);
    const chunks: Buffer[] = [];
    const poured = await pour(archive.zip, file, async (chunk) => void chunks.push(chunk));
    return poured.ok ? ok(Buffer.concat(chunks)) : poured;
  });
}

type Write = (chunk: Buffer) => Promise<void>;

async function writeFile(zip: ZipFile, file: ArchiveFile, folder: string): Promise<Result<string>> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(join(folder, file.name), 'wx', 0o600);
    const to = handle;
    const digest = await pour(zip, file, (chunk) => to.writeFile(chunk));
    if (digest.ok) await handle.sync();
    return digest;
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    if (code === 'ENOSPC' || code === 'EDQUOT') return fail('E_DISK_FULL', folder, thrown);
    return refuse(`${file.name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`, thrown);
  } finally {
    await handle?.close();
  }
}

/** Stops at the first byte too many: what the directory promised was within the limits. */
async function pour(zip: ZipFile, { name, bytes, entry }: ArchiveFile, write: Write): Promise<Result<string>> {
  const hash = createHash('sha256');
  let crc = 0;
  let written = 0;
  const stream = await zip.openReadStreamPromise(entry);
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    written += chunk.length;
    if (written > bytes) return refuse(`${name} has more than the ${bytes} bytes that it says`);
    hash.update(chunk);
    crc = crc32(chunk, crc);
    await write(chunk);
  }
  if (written !== bytes) return refuse(`${name} has ${written} of the ${bytes} bytes that it says`);
  if (crc !== entry.crc32) return refuse(`${name} is damaged (CRC-32)`);
  return ok(hash.digest('hex'));
}
