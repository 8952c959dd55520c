import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Shipped model packages, by name. */
const ARTIFACTS = resolve(import.meta.dirname, '../../artifacts');

/** The folder of a package: a path, or, without any slash, the name of a shipped one. Paths start at `baseDir`. */
export function packageFolder(path: string, baseDir = process.cwd()): string {
  return path.includes('/') || path === '.' ? resolve(baseDir, path) : join(ARTIFACTS, path);
}

/** A package on the command line. What lies here goes before what is shipped: `model init` tells a name without a slash. */
export function givenPackage(given: string): string {
  const here = resolve(given);
  return existsSync(here) ? here : packageFolder(given);
}
