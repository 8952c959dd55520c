import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Failure, fail, ok, type Result } from '../domain/errors.ts';
import type { Task } from '../domain/manifest.ts';
import { compareVersions } from '../domain/version.ts';
import { openPackage } from './load.ts';

/** NAME, or NAME/VERSION: packages lie at most so deep in a folder of packages. */
const MAX_DEPTH = 2;
/** A folder with more is no folder of packages. */
const MAX_FOLDERS = 1000;

export type ListedPackage = {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly task: Task;
  readonly variants: readonly string[];
  /** Sum of the model files, as the manifest says. */
  readonly bytes: number;
  readonly signed: boolean;
};

export type Listing = {
  /** By name, then by version. */
  readonly packages: readonly ListedPackage[];
  /** Folders with a manifest that cannot be used. */
  readonly problems: readonly { readonly folder: string; readonly error: Failure }[];
};

/** Finds the packages under a folder, and those that have problems. Signatures are looked for, not verified. */
export async function listPackages(folder: string): Promise<Result<Listing>> {
  if (!(await isFolder(folder))) return fail('E_MODEL_MISSING', `${folder} is no folder`);
  const packages: ListedPackage[] = [];
  const problems: { folder: string; error: Failure }[] = [];
  for (const candidate of await packageFolders(folder, MAX_DEPTH)) {
    const opened = await openPackage(candidate);
    if (!opened.ok) {
      problems.push({ folder: candidate, error: opened.error });
      continue;
    }
    const { name, version, task, variants } = opened.value.manifest;
    packages.push({
      folder: candidate,
      name,
      version,
      task,
      variants: variants.map((variant) => variant.id),
      bytes: variants.reduce((sum, variant) => sum + variant.bytes, 0),
      signed: await exists(join(candidate, 'model.sig')),
    });
  }
  packages.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : compareVersions(a.version, b.version)));
  return ok({ packages, problems });
}

async function packageFolders(folder: string, depth: number): Promise<string[]> {
  if (await exists(join(folder, 'manifest.json'))) return [folder];
  if (depth === 0) return [];
  const inside = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of inside.filter((each) => each.isDirectory() && !each.name.startsWith('.')).slice(0, MAX_FOLDERS)) {
    found.push(...(await packageFolders(join(folder, entry.name), depth - 1)));
  }
  return found;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
