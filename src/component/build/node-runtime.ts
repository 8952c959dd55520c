import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { Architecture } from './architecture.ts';
import type { ArchiveEntry } from './archive.ts';
import { type LockedPackage, type LockFile, lockedPackages } from './lock-file.ts';

export type NodeRuntime = {
  readonly locked: LockedPackage;
  readonly program: ArchiveEntry['source'];
  readonly license: ArchiveEntry['source'];
};

export type NodeRuntimeOptions = {
  readonly root: string;
  readonly lock: LockFile;
  /** Where what was fetched is kept for the next build. */
  readonly cache?: string;
  readonly signal: AbortSignal;
};

/** 60 MB over a slow line. */
const FETCH_DEADLINE_MS = 300_000;

const PROGRAM = 'bin/node';
const LICENSE = 'LICENSE';

/**
 * Node as it is shipped for an architecture: what `npm ci` has installed where it is this machine's, else the very
 * archive that package-lock.json pins, fetched once. Neither is changed in any way.
 */
export async function nodeRuntime(arch: Architecture, options: NodeRuntimeOptions): Promise<Result<NodeRuntime>> {
  const { root, lock } = options;
  const found = lockedPackages(lock, [`node_modules/node-linux-${arch}`]);
  if (!found.ok) return found;
  const [locked] = found.value;
  if (locked === undefined) return fail('E_NODE_UNAVAILABLE', `node-linux-${arch}`);
  const installed = join(root, locked.folder);
  if (await isThere(join(installed, PROGRAM))) {
    return ok({ locked, program: { file: join(installed, PROGRAM) }, license: { file: join(installed, LICENSE) } });
  }
  const archive = await fetchedArchive(locked, options);
  return archive.ok ? unpacked(locked, archive.value) : archive;
}

async function fetchedArchive(locked: LockedPackage, options: NodeRuntimeOptions): Promise<Result<string>> {
  const { name, version } = locked;
  const cache = options.cache ?? defaultCache();
  const archive = join(cache, `${name}-${version}.tgz`);
  if (await isPinned(archive, locked)) return ok(archive);
  try {
    await mkdir(cache, { recursive: true });
    const args = ['pack', `${name}@${version}`, '--pack-destination', cache, '--ignore-scripts', '--loglevel=error'];
    const { signal } = options;
    await promisify(execFile)('npm', args, { cwd: options.root, timeout: FETCH_DEADLINE_MS, signal });
  } catch (thrown) {
    return fail('E_NODE_UNAVAILABLE', `${name}@${version}: ${lastLine(thrown)}`, thrown);
  }
  if (await isPinned(archive, locked)) return ok(archive);
  return fail('E_NODE_UNAVAILABLE', `${name}@${version} is not the one that package-lock.json pins`);
}

function defaultCache(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'openclaw-edge', 'node');
}

/** Whoever may write to the cache could leave another Node there: it is held against its digest before each use. */
async function isPinned(archive: string, { integrity }: LockedPackage): Promise<boolean> {
  if (!(await isThere(archive))) return false;
  const hash = createHash('sha512');
  await pipeline(createReadStream(archive), hash);
  return `sha512-${hash.digest('base64')}` === integrity;
}

async function unpacked(locked: LockedPackage, archive: string): Promise<Result<NodeRuntime>> {
  const files = extract();
  const reading = pipeline(createReadStream(archive), createGunzip(), files);
  const found = new Map<string, Buffer>();
  for await (const entry of files) {
    const name = entry.header.name.replace(/^[^/]*\//, '');
    const wanted = name === PROGRAM || name === LICENSE;
    const chunks: Buffer[] = [];
    for await (const chunk of entry) if (wanted) chunks.push(chunk as Buffer);
    if (wanted) found.set(name, Buffer.concat(chunks));
  }
  await reading;
  const [program, license] = [found.get(PROGRAM), found.get(LICENSE)];
  if (program === undefined || license === undefined) return fail('E_NODE_UNAVAILABLE', `${archive} holds no Node`);
  return ok({ locked, program: { bytes: program }, license: { bytes: license } });
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

function lastLine(thrown: unknown): string {
  const told = thrown instanceof Error && 'stderr' in thrown ? String(thrown.stderr) : '';
  return told.trim().split('\n').at(-1) || String(thrown);
}
