import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fail, ok, type Result } from '../domain/errors.ts';
import type { GoldenCase, Manifest, Variant } from '../domain/manifest.ts';
import { parsePackage } from './parse.ts';
import { readRegularFile } from './read-file.ts';

/** A manifest with every list at its limit stays below. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;
/** Golden cases are text: 64 windows of 8,000 values take about 5 MB. */
const MAX_GOLDEN_BYTES = 16 * 1024 * 1024;

export type ModelPackage = {
  readonly folder: string;
  readonly manifest: Manifest;
  readonly golden: readonly GoldenCase[];
};

/** The bytes whose digest was checked: load these, never the file again. */
export type VerifiedVariant = { readonly variant: Variant; readonly bytes: Uint8Array };

/** Reads and checks manifest.json and golden.json of a package; model files wait for `readVariant`. */
export async function openPackage(folder: string): Promise<Result<ModelPackage>> {
  const manifestText = await readRegularFile(join(folder, 'manifest.json'), MAX_MANIFEST_BYTES, 'E_MANIFEST_INVALID');
  if (!manifestText.ok) {
    return manifestText.error.code === 'E_FILE_MISSING'
      ? fail('E_MODEL_MISSING', folder, manifestText.error)
      : manifestText;
  }
  const goldenText = await readRegularFile(join(folder, 'golden.json'), MAX_GOLDEN_BYTES, 'E_MANIFEST_INVALID');
  if (!goldenText.ok) return goldenText;
  const parsed = parsePackage(manifestText.value, goldenText.value);
  return parsed.ok ? ok({ folder, ...parsed.value }) : parsed;
}

/**
 * Reads one variant's file, once, and checks length and SHA-256 of exactly the bytes that it returns.
 * Without an id it takes the first small variant, and the first of all where none is small.
 */
export async function readVariant(pkg: ModelPackage, id: string | undefined): Promise<Result<VerifiedVariant>> {
  const chosen = choose(pkg.manifest, id);
  if (!chosen.ok) return chosen;
  const variant = chosen.value;

  const read = await readRegularFile(join(pkg.folder, variant.file), variant.bytes, 'E_MODEL_DIGEST');
  if (!read.ok) return read;
  const bytes = read.value;
  if (bytes.length !== variant.bytes) {
    return fail('E_MODEL_DIGEST', `${variant.file} has ${bytes.length} bytes, the manifest says ${variant.bytes}`);
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== variant.sha256) {
    return fail('E_MODEL_DIGEST', `${variant.file} has SHA-256 ${sha256}, the manifest says ${variant.sha256}`);
  }
  return ok({ variant, bytes });
}

function choose({ name, variants }: Manifest, id: string | undefined): Result<Variant> {
  const variant =
    id === undefined
      ? (variants.find((one) => one.size === 'small') ?? variants[0])
      : variants.find((one) => one.id === id);
  if (variant !== undefined) return ok(variant);
  return fail('E_MODEL_MISSING', `${name} has no variant ${id}; there is ${variants.map((one) => one.id).join(', ')}`);
}
