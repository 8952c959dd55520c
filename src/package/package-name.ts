import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../domain/errors.ts';
import { MAX_MANIFEST_BYTES } from './load.ts';
import { parseManifest } from './manifest.ts';
import { readRegularFile } from './read-file.ts';
import { readFromArchive } from './unpack.ts';

/** Reads what a package, in a folder or a zip, says it is called. Nothing is believed about it before it is verified. */
export async function packageName(source: string): Promise<Result<string>> {
  const read = (await isFolder(source))
    ? await readRegularFile(join(source, 'manifest.json'), MAX_MANIFEST_BYTES, 'E_MANIFEST_INVALID')
    : await readFromArchive(source, 'manifest.json', MAX_MANIFEST_BYTES);
  if (!read.ok) return read.error.code === 'E_FILE_MISSING' ? fail('E_MODEL_MISSING', source, read.error) : read;
  try {
    const manifest = parseManifest(JSON.parse(read.value.toString('utf8')));
    return manifest.ok ? ok(manifest.value.name) : manifest;
  } catch (thrown) {
    return fail('E_MANIFEST_INVALID', 'manifest.json is not JSON', thrown);
  }
}

async function isFolder(source: string): Promise<boolean> {
  const found = await stat(source).catch(() => undefined);
  return found?.isDirectory() === true;
}
