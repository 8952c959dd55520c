import { fail, ok, type Result } from '../domain/errors.ts';
import type { GoldenCase, Manifest } from '../domain/manifest.ts';
import { parseGolden } from './golden.ts';
import { parseManifest } from './manifest.ts';

/** Checks the bytes of manifest.json and golden.json together (E_MANIFEST_INVALID). */
export function parsePackage(
  manifestText: Uint8Array,
  goldenText: Uint8Array,
): Result<{ manifest: Manifest; golden: readonly GoldenCase[] }> {
  const manifest = parseText(manifestText, 'manifest.json', parseManifest);
  if (!manifest.ok) return manifest;
  const golden = parseText(goldenText, 'golden.json', (document) => parseGolden(document, manifest.value));
  return golden.ok ? ok({ manifest: manifest.value, golden: golden.value }) : golden;
}

function parseText<T>(text: Uint8Array, file: string, parse: (document: unknown) => Result<T>): Result<T> {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch (thrown) {
    return fail('E_MANIFEST_INVALID', `${file} is not JSON in UTF-8`, thrown);
  }
  return parse(document);
}
