import { lstat, mkdir, rm, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fail, ok, type Result } from '../../domain/errors.ts';
import { codeOf, copyHashed, ioFailure } from './io.ts';

/** Left free for the outbox, the records and the log: a model must not be what stops the alarms. */
const RESERVE_BYTES = 32 * 1024 * 1024;

/** How a package in a zip is read: src/package does it. */
export type ArchiveReader = {
  /** Bytes of all files, as the zip says. */
  bytes(zip: string): Promise<Result<number>>;
  /** Unpacks to a new folder, syncs each file, and returns the hex SHA-256 of each as it was written. */
  unpack(zip: string, folder: string): Promise<Result<ReadonlyMap<string, string>>>;
};

export type FreeBytes = (folder: string) => Promise<number>;

/** Bytes that this user may still write there. */
export const freeBytes: FreeBytes = async (folder) => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

type Files = ReadonlyMap<string, string>;
type Options = { readonly archive: ArchiveReader; readonly freeBytes: FreeBytes };

/**
 * Copies a package, from its folder or its zip, to a new folder. What was written must have exactly the names and
 * digests of `files`: the source may have changed since it was verified.
 */
export async function copyPackage(source: string, to: string, files: Files, options: Options): Promise<Result<void>> {
  const climbing = [...files.keys()].find((name) => name !== basename(name) || name === '..');
  if (climbing !== undefined) return fail('E_MODEL_DIGEST', `${climbing} is not in the package folder itself`);
  try {
    const zipped = await isFile(source);
    if (zipped === undefined) return fail('E_MODEL_MISSING', source);
    const need = zipped ? await options.archive.bytes(source) : await sizeOf(source, files);
    if (!need.ok) return need;
    const free = (await options.freeBytes(join(to, '..'))) - RESERVE_BYTES;
    if (need.value > free) {
      return fail('E_DISK_FULL', `${need.value} bytes are needed, ${Math.max(0, free)} are free for models`);
    }
    if (!zipped) return await copyFiles(source, to, files);
    const unpacked = await options.archive.unpack(source, to);
    return unpacked.ok ? compare(unpacked.value, files) : unpacked;
  } catch (thrown) {
    return { ok: false, error: ioFailure(thrown) };
  }
}

async function isFile(source: string): Promise<boolean | undefined> {
  try {
    return !(await stat(source)).isDirectory();
  } catch (thrown) {
    if (codeOf(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

async function sizeOf(source: string, files: Files): Promise<Result<number>> {
  let bytes = 0;
  for (const name of files.keys()) {
    try {
      bytes += (await lstat(join(source, name))).size;
    } catch (thrown) {
      return fail('E_MODEL_DIGEST', `${name} is not there any more`, thrown);
    }
  }
  return ok(bytes);
}

async function copyFiles(source: string, to: string, files: Files): Promise<Result<void>> {
  await mkdir(to, { mode: 0o700 });
  for (const [name, wanted] of files) {
    try {
      const sha256 = await copyHashed(join(source, name), join(to, name));
      if (sha256 !== wanted) return fail('E_MODEL_DIGEST', `${name} is ${sha256}, ${wanted} was verified`);
    } catch (thrown) {
      if (ioFailure(thrown).code === 'E_DISK_FULL') throw thrown;
      return fail('E_MODEL_DIGEST', `${name} cannot be read (${String(thrown)})`, thrown);
    }
  }
  return ok(undefined);
}

function compare(written: Files, files: Files): Result<void> {
  for (const [name, sha256] of written) {
    if (files.get(name) !== sha256) return fail('E_MODEL_DIGEST', `${name} is not what was verified`);
  }
  const missing = [...files.keys()].find((name) => !written.has(name));
  return missing === undefined ? ok(undefined) : fail('E_MODEL_DIGEST', `${missing} is not there any more`);
}

/** Takes away what could not be finished; what stays is swept at the next start. */
export async function discard(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => {});
}
