import { createHash } from 'node:crypto';
import { createReadStream, type ReadStream } from 'node:fs';
import { lstat, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { ZipFile } from 'yazl';
import { fail, ok, type Result } from '../domain/errors.ts';
import { ARCHIVE_LIMITS, nameProblem, refuse } from './archive.ts';
import { openPackage, readVariant } from './load.ts';

/** A zip tells local time without a zone: these fields, in whatever zone it is packed. */
const PACKED_AT = [1990, 0, 1, 12] as const;

export type Packed = {
  readonly file: string;
  readonly name: string;
  readonly version: string;
  readonly files: number;
  readonly bytes: number;
  /** Hex SHA-256 of the zip. */
  readonly sha256: string;
};

/**
 * Writes a package folder as a zip: the same bytes for the same files. The package is opened and its models are checked
 * first. `out` appears whole, or not at all; a file of that name is replaced. Without `out` it is NAME-VERSION.zip here.
 */
export async function packFolder(folder: string, out?: string): Promise<Result<Packed>> {
  const opened = await openPackage(folder);
  if (!opened.ok) return opened;
  const { name, version, variants } = opened.value.manifest;
  for (const { id } of variants) {
    const read = await readVariant(opened.value, id);
    if (!read.ok) return read;
  }
  const files = await fileNames(folder);
  if (!files.ok) return files;

  const file = out ?? `${name}-${version}.zip`;
  const partial = `${file}.part`;
  try {
    const written = await writeZip(folder, files.value, partial);
    await rename(partial, file);
    return ok({ file, name, version, files: files.value.length, ...written });
  } catch (thrown) {
    await rm(partial, { force: true });
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
    if (code === 'ENOSPC') return fail('E_DISK_FULL', file, thrown);
    return refuse(`${basename(file)} cannot be written: ${String(thrown)}`, thrown);
  }
}

/** Sorted by code units: no locale has a say. */
async function fileNames(folder: string): Promise<Result<readonly string[]>> {
  const names = (await readdir(folder)).sort();
  if (names.length > ARCHIVE_LIMITS.maxFiles) return refuse(`${names.length} files are too many`);
  for (const name of names) {
    const problem =
      nameProblem(name) ?? ((await lstat(join(folder, name))).isFile() ? undefined : 'is no regular file');
    if (problem !== undefined) return refuse(`${JSON.stringify(name)} ${problem}`);
  }
  return ok(names);
}

async function writeZip(folder: string, names: readonly string[], to: string) {
  const handle = await open(to, 'w', 0o644);
  const sources: ReadStream[] = [];
  try {
    const output = zipStream(folder, names, sources);
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of output as AsyncIterable<Buffer>) {
      hash.update(chunk);
      bytes += chunk.length;
      await handle.writeFile(chunk);
    }
    await handle.sync();
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    for (const source of sources) source.destroy();
    await handle.close();
  }
}

function zipStream(folder: string, names: readonly string[], sources: ReadStream[]): Readable {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  zip.on('error', (error: Error) => output.destroy(error));
  // Stored, not deflated: two builds of zlib may give different bytes, and weights hardly shrink.
  const entry = { mtime: new Date(...PACKED_AT), forceDosTimestamp: true, mode: 0o100644, compress: false };
  for (const name of names) {
    zip.addReadStreamLazy(name, entry, (give) => {
      const source = createReadStream(join(folder, name));
      source.on('error', (error) => output.destroy(error));
      sources.push(source);
      give(null, source);
    });
  }
  zip.end();
  return output;
}
