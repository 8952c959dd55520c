import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { ArchiveEntry } from './archive.ts';
import type { LockedPackage } from './lock-file.ts';

const LICENSE_FILE = /^(licen[cs]e|copying|notice|thirdpartynotices)([._-].*)?$/i;

/** Texts that belong to packages which come without: from ONNX Runtime's own release, of exactly this version. */
const KEPT_TEXTS = join(import.meta.dirname, 'licenses');

/** Packages without a text of their own, by name: where it is, from the folder of the kept texts. */
const KEPT: Readonly<Record<string, (version: string) => string>> = {
  'onnxruntime-node': (version) => `onnxruntime-${version}`,
  'onnxruntime-common': (version) => `onnxruntime-${version}`,
};

/** Apache 2.0 is the same text for everybody, and our own. */
const APACHE = 'Apache-2.0';

/** The licences of these packages as files of the archive. A package without one is not to be shipped. */
export async function licenseEntries(
  root: string,
  packages: readonly LockedPackage[],
): Promise<Result<readonly ArchiveEntry[]>> {
  const entries: ArchiveEntry[] = [];
  for (const locked of packages) {
    const text = await licenseText(root, locked);
    if (text === undefined) return fail('E_COMPONENT_LICENSE', `${locked.name} ${locked.version}`);
    const name = `LICENSES/${locked.name.replace('/', '+')}-${locked.version}.txt`;
    entries.push({ name, source: { bytes: Buffer.from(text) } });
  }
  return ok(entries);
}

async function licenseText(root: string, { name, version, license, folder }: LockedPackage) {
  const own = await textsIn(join(root, folder));
  if (own !== undefined) return own;
  const kept = KEPT[name]?.(version);
  if (kept !== undefined) return textsIn(join(KEPT_TEXTS, kept));
  return license === APACHE ? readFile(join(root, 'LICENSE'), 'utf8') : undefined;
}

/** All texts of a folder in one, licence before notices. */
async function textsIn(folder: string): Promise<string | undefined> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => LICENSE_FILE.test(name)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return texts.length === 0 ? undefined : texts.join('\n----------------------------------------\n\n');
}
