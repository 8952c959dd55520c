import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { fail, ok, type Result } from '../../domain/errors.ts';

/** A package as package-lock.json pins it. */
export type LockedPackage = {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** `sha512-` and base64, of the archive in the registry. Absent where the registry told none. */
  readonly integrity: string | undefined;
  /** Relative to the root: `node_modules/NAME`. */
  readonly folder: string;
};

export type LockFile = ReadonlyMap<string, LockedPackage>;

const LOCK_FILE = 'package-lock.json';

const lockForm = z.object({
  packages: z.record(
    z.string(),
    z.object({ version: z.string().optional(), license: z.string().optional(), integrity: z.string().optional() }),
  ),
});

/** Reads what `npm ci` installs, by folder. */
export async function readLockFile(root: string): Promise<Result<LockFile>> {
  try {
    const { packages } = lockForm.parse(JSON.parse(await readFile(join(root, LOCK_FILE), 'utf8')));
    const locked = Object.entries(packages).map(([folder, { version = '', license = '', integrity }]) => {
      const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
      return [folder, { name, version, license, integrity, folder }] as const;
    });
    return ok(new Map(locked));
  } catch (thrown) {
    return fail('E_COMPONENT_BUILD', `${LOCK_FILE}: ${String(thrown)}`, thrown);
  }
}

/** The pinned packages of these folders; one that is not pinned cannot be told of in a bill of materials. */
export function lockedPackages(lock: LockFile, folders: readonly string[]): Result<readonly LockedPackage[]> {
  const found: LockedPackage[] = [];
  for (const folder of folders) {
    const locked = lock.get(folder);
    if (locked === undefined) return fail('E_COMPONENT_BUILD', `${folder} is not in ${LOCK_FILE}; run npm ci`);
    found.push(locked);
  }
  return ok(found);
}
