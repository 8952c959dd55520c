import { join, resolve } from 'node:path';

/** Shipped model packages, by name. */
const ARTIFACTS = resolve(import.meta.dirname, '../../artifacts');

/** The folder of a package: a path, or, without any slash, the name of a shipped one. Paths start at `baseDir`. */
export function packageFolder(path: string, baseDir = process.cwd()): string {
  return path.includes('/') || path === '.' ? resolve(baseDir, path) : join(ARTIFACTS, path);
}
