import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { type Entry, fromFdPromise, type ZipFile } from 'yauzl';
import { fail, ok, type Result } from '../domain/errors.ts';

export type ArchiveLimits = {
  readonly maxFiles: number;
  readonly maxFileBytes: number;
  readonly maxTotalBytes: number;
  /** Bytes that one byte of the archive may become, in files over `RATIO_FREE_BYTES`. */
  readonly maxRatio: number;
};

const MIB = 1024 * 1024;
/** Small text, mostly zeros, may shrink by any factor, and harms nobody. */
const RATIO_FREE_BYTES = MIB;

/** Room for sixteen variants and their company; one file as large as a manifest may name. */
export const ARCHIVE_LIMITS: ArchiveLimits = {
  maxFiles: 64,
  maxFileBytes: 512 * MIB,
  maxTotalBytes: 2048 * MIB,
  // Weights shrink by a factor of 1 to 4, golden cases in text by 20; a bomb needs 1,000.
  maxRatio: 100,
};

const FILE_TYPE = 0o170000;
const REGULAR_FILE = 0o100000;
const DEFLATED = 8;
const STORED = 0;

/** A file of the archive, after every check that needs no unpacking. */
export type ArchiveFile = { readonly name: string; readonly bytes: number; readonly entry: Entry };
export type Archive = { readonly zip: ZipFile; readonly files: readonly ArchiveFile[]; readonly totalBytes: number };

/**
 * Opens a zip, checks its whole directory, and gives it to `use`. Anything but a flat list of plain files within the
 * limits is E_PACKAGE_ARCHIVE; nothing is unpacked here.
 */
export async function withArchive<T>(
  path: string,
  limits: ArchiveLimits,
  use: (archive: Archive) => Promise<Result<T>>,
): Promise<Result<T>> {
  const fd = openRegular(path);
  if (!fd.ok) return fd;
  let zip: ZipFile;
  try {
    zip = await fromFdPromise(fd.value, { autoClose: false, strictFileNames: true });
  } catch (thrown) {
    closeSync(fd.value);
    return refused(thrown);
  }
  try {
    const files = await readDirectory(zip, limits);
    if (!files.ok) return files;
    const totalBytes = files.value.reduce((sum, file) => sum + file.bytes, 0);
    if (totalBytes > limits.maxTotalBytes) return refuse(`all files together have ${totalBytes} bytes`);
    return await use({ zip, files: files.value, totalBytes });
  } catch (thrown) {
    return refused(thrown);
  } finally {
    zip.close();
  }
}

export function refuse(detail: string, cause?: unknown): { ok: false; error: ReturnType<typeof fail>['error'] } {
  return fail('E_PACKAGE_ARCHIVE', detail, cause);
}

/** Tells what is wrong with a name inside a package: it has no folders, and no name that another system reads otherwise. */
export function nameProblem(name: string): string | undefined {
  if (name.includes('/') || name.includes('\\')) return 'is not in the package folder itself';
  if (/\p{C}/u.test(name)) return 'holds a control character';
  if (!/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/.test(name)) return 'is no plain file name';
  return undefined;
}

/** O_NONBLOCK keeps a pipe from holding up whoever opens it. */
function openRegular(path: string): Result<number> {
  let fd: number | undefined;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (fstatSync(fd).isFile()) return ok(fd);
    closeSync(fd);
    return refuse(`${path} is not a regular file`);
  } catch (thrown) {
    if (fd !== undefined) closeSync(fd);
    const gone = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT';
    return gone ? fail('E_FILE_MISSING', path, thrown) : refused(thrown);
  }
}

function refused(thrown: unknown): Result<never> {
  return refuse(thrown instanceof Error ? thrown.message : String(thrown), thrown);
}

async function readDirectory(zip: ZipFile, limits: ArchiveLimits): Promise<Result<readonly ArchiveFile[]>> {
  if (zip.entryCount > limits.maxFiles)
    return refuse(`${zip.entryCount} files, ${limits.maxFiles} at most are allowed`);
  const files: ArchiveFile[] = [];
  const names = new Set<string>();
  const places: [start: number, end: number][] = [];
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName;
    const problem = nameProblem(name) ?? entryProblem(entry, limits);
    if (problem !== undefined) return refuse(`${JSON.stringify(name)} ${problem}`);
    if (names.has(name.toLowerCase())) return refuse(`${JSON.stringify(name)} is there twice`);
    names.add(name.toLowerCase());
    const local = await zip.readLocalFileHeaderPromise(entry);
    if (!local.fileName.equals(entry.fileNameRaw)) return refuse(`"${name}" has another name in front of its data`);
    if (local.compressionMethod !== entry.compressionMethod) return refuse(`"${name}" is described in two ways`);
    places.push([entry.relativeOffsetOfLocalHeader, local.fileDataStart + entry.compressedSize]);
    files.push({ name, bytes: entry.uncompressedSize, entry });
  }
  places.sort(([a], [b]) => a - b);
  if (places.some(([start], i) => start < (places[i - 1]?.[1] ?? 0))) return refuse('files lie over one another');
  return ok(files);
}

function entryProblem(entry: Entry, limits: ArchiveLimits): string | undefined {
  const { compressedSize, uncompressedSize, compressionMethod } = entry;
  if (entry.isEncrypted()) return 'is encrypted';
  // The upper half holds the Unix mode; archives made elsewhere leave the file type out.
  const type = (entry.externalFileAttributes >>> 16) & FILE_TYPE;
  if (type !== 0 && type !== REGULAR_FILE) return 'is not a regular file';
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) return `has method ${compressionMethod}`;
  if (uncompressedSize > limits.maxFileBytes) return `has ${uncompressedSize} bytes, ${limits.maxFileBytes} at most`;
  if (uncompressedSize > RATIO_FREE_BYTES && uncompressedSize > compressedSize * limits.maxRatio) {
    return `would grow ${Math.round(uncompressedSize / Math.max(1, compressedSize))} times`;
  }
  return undefined;
}
