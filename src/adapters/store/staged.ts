import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ModelRef } from '../../domain/rollout.ts';
import { replaceFile, syncFolder } from '../../files/durable.ts';
import { seal, unseal } from '../../files/sealed.ts';
import { hashFile, readHashed } from './io.ts';

/** What stands beside the files of a staged package: which one it is, and the digests that were verified. */
export type Seal = { readonly ref: ModelRef; readonly files: Readonly<Record<string, string>> };

/** The files of the package. They have a folder to themselves, so that no name can clash with the seal's. */
export const FILES = 'package';
const SEAL = 'staged.json';
/** Names with a dot in front are half done or half gone: nobody opens them, and `start` removes them. */
const HALF_MADE = '.making-';
const HALF_GONE = '.gone-';

/** Versions may be long; what makes a folder unique is the digest, and the seal inside says the rest. */
const MAX_VERSION_IN_NAME = 60;

export function packageName({ version, release, digest }: ModelRef): string {
  return `${version.slice(0, MAX_VERSION_IN_NAME)}-${release}-${digest.slice(0, 8)}`;
}

export function isHalfDone(name: string): boolean {
  return name.startsWith('.');
}

export function sameRef(a: ModelRef, b: ModelRef): boolean {
  return a.name === b.name && a.version === b.version && a.release === b.release && a.digest === b.digest;
}

/** Makes an empty package folder that nobody opens before `publish` gives it its name. */
export async function beginPackage(packages: string): Promise<string> {
  const making = join(packages, HALF_MADE + crypto.randomUUID());
  await mkdir(making, { mode: 0o700 });
  return making;
}

/** Seals what is in the folder and gives it its name: after a power cut the package is there, whole, or not at all. */
export async function publish(making: string, packages: string, seal_: Seal): Promise<void> {
  await syncFolder(join(making, FILES));
  await replaceFile(join(making, SEAL), seal(seal_));
  const target = join(packages, packageName(seal_.ref));
  await removePackage(packages, packageName(seal_.ref));
  await rename(making, target);
  await syncFolder(packages);
}

/** Takes a package its name before its files: no half of one is ever opened. */
export async function removePackage(packages: string, name: string): Promise<void> {
  const gone = join(packages, HALF_GONE + crypto.randomUUID());
  try {
    await rename(join(packages, name), gone);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return;
    throw thrown;
  }
  await syncFolder(packages);
  await rm(gone, { recursive: true, force: true });
}

/** Removes what a power cut left half made or half gone. */
export async function sweep(packages: string): Promise<number> {
  const left = (await names(packages)).filter(isHalfDone);
  for (const name of left) await rm(join(packages, name), { recursive: true, force: true });
  return left.length;
}

/** Reads the seal of a package; undefined when there is none, or a damaged one. */
export async function readSeal(packages: string, name: string): Promise<Seal | undefined> {
  try {
    return unseal<Seal>((await readHashed(join(packages, name, SEAL))).bytes.toString());
  } catch {
    return undefined;
  }
}

/** Tells whether every file of a staged package still is what it was. */
export async function isWhole(packages: string, ref: ModelRef, files: ReadonlyMap<string, string>): Promise<boolean> {
  const found = await readSeal(packages, packageName(ref));
  if (found === undefined || !sameRef(found.ref, ref) || Object.keys(found.files).length !== files.size) return false;
  try {
    for (const [name, sha256] of files) {
      if (found.files[name] !== sha256) return false;
      if ((await hashFile(join(packages, packageName(ref), FILES, name))) !== sha256) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/** Names in a folder, sorted; none where there is no folder. */
export async function names(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch {
    return [];
  }
}
