import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { Architecture } from './architecture.ts';
import type { ArchiveEntry } from './archive.ts';
import { BUNDLE_IMPORTS, type Bundle } from './bundle.ts';
import { licenseEntries } from './licenses.ts';
import { type LockFile, lockedPackages } from './lock-file.ts';
import type { NodeRuntime } from './node-runtime.ts';
import { type NativeFile, sbomOf, sourceDate } from './sbom.ts';

export type AgentArchive = { readonly entries: readonly ArchiveEntry[]; readonly sbom: string };

export type Product = { readonly name: string; readonly version: string; readonly license: string };

const SCRIPTS = join(import.meta.dirname, 'files');
const NODE_MODULES = 'node_modules';
const RUNTIME = 'onnxruntime-node';
const COMMON = 'onnxruntime-common';
const CRT = 'aws-crt';

/**
 * What the agent's archive holds for one architecture: scripts, Node, the bundle, and of ONNX Runtime and aws-crt the
 * binaries for this architecture alone (the npm package brings no CUDA or TensorRT provider; on a device with a GPU
 * they are added beside the library).
 */
export async function agentArchive(
  arch: Architecture,
  {
    root,
    product,
    bundled,
    node,
    lock,
  }: { root: string; product: Product; bundled: Bundle; node: NodeRuntime; lock: LockFile },
): Promise<Result<AgentArchive>> {
  const folders = [RUNTIME, COMMON, CRT].map((name) => `${NODE_MODULES}/${name}`);
  const locked = lockedPackages(lock, [...new Set([...bundled.packages, ...folders])].sort());
  if (!locked.ok) return locked;
  const licenses = await licenseEntries(root, locked.value);
  if (!licenses.ok) return licenses;
  const natives = await nativeEntries(root, arch);
  if (!natives.ok) return natives;
  const packages = [...locked.value, node.locked];
  const program: ArchiveEntry = { name: 'node/bin/node', executable: true, source: node.program };
  const nativeFiles: NativeFile[] = [];
  for (const { name, source } of [...natives.value, program]) {
    const of = name === program.name ? node.locked : packages.find((one) => one.name === ownerOf(name));
    if (of !== undefined) nativeFiles.push({ name, of, sha256: await sha256Of(source) });
  }
  const timestamp = sourceDate(process.env['SOURCE_DATE_EPOCH']);
  const sbom = sbomOf({ ...product, packages, natives: nativeFiles, timestamp });
  const entries: ArchiveEntry[] = [
    program,
    ...(await scriptEntries()),
    ...[...bundled.files].map(([name, bytes]) => ({ name: `app/${name}`, source: { bytes } })),
    { name: 'app/package.json', source: text(appPackage(product)) },
    ...natives.value,
    ...(await runtimeEntries(root)),
    ...licenses.value,
    { name: `LICENSES/node-${node.locked.version}.txt`, source: node.license },
    { name: `LICENSES/${product.name}-${product.version}.txt`, source: { file: join(root, 'LICENSE') } },
    { name: 'trust.json', source: { file: join(root, 'artifacts', 'trust.json') } },
    { name: 'sbom.cdx.json', source: text(sbom) },
  ];
  return ok({ entries, sbom });
}

function text(content: string): ArchiveEntry['source'] {
  return { bytes: Buffer.from(content) };
}

async function scriptEntries(): Promise<ArchiveEntry[]> {
  const names = (await readdir(SCRIPTS)).sort();
  return names.map((name) => ({
    name: `bin/${name.replace(/\.sh$/, '')}`,
    executable: true,
    source: { file: join(SCRIPTS, name) },
  }));
}

/** Says that the bundle is modules, and where its chunks find what stands in files of its own. */
function appPackage({ name, version }: Product): string {
  return `${JSON.stringify({ name, version, private: true, type: 'module', imports: BUNDLE_IMPORTS }, undefined, 2)}\n`;
}

async function nativeEntries(root: string, arch: Architecture): Promise<Result<readonly ArchiveEntry[]>> {
  const folder = join(NODE_MODULES, RUNTIME, 'bin', 'napi-v6', 'linux', arch);
  const names = await readdir(join(root, folder)).catch(() => []);
  if (names.length === 0) return fail('E_COMPONENT_BUILD', `${folder} holds no binaries; run npm ci`);
  const crt = join(root, NODE_MODULES, CRT, 'dist', 'bin', `linux-${arch}-glibc`, 'aws-crt-nodejs.node');
  return ok([
    ...names.sort().map((name) => ({ name: `app/${folder}/${name}`, source: { file: join(root, folder, name) } })),
    { name: 'app/native/aws-crt-nodejs.node', source: { file: crt } },
  ]);
}

function ownerOf(name: string): string {
  return name.includes(RUNTIME) ? RUNTIME : CRT;
}

/** ONNX Runtime's JavaScript stays a package of its own: it finds its binary by its own place. */
async function runtimeEntries(root: string): Promise<ArchiveEntry[]> {
  const parts = [
    [RUNTIME, 'dist'],
    [COMMON, 'dist/cjs'],
  ] as const;
  const entries: ArchiveEntry[] = [];
  for (const [name, folder] of parts) {
    const at = join(NODE_MODULES, name);
    const scripts = (await readdir(join(root, at, folder))).filter((file) => /(\.js|^package\.json)$/.test(file));
    for (const file of ['package.json', ...scripts.sort().map((script) => `${folder}/${script}`)]) {
      entries.push({ name: `app/${at}/${file}`, source: { file: join(root, at, file) } });
    }
  }
  return entries;
}

async function sha256Of(source: ArchiveEntry['source']): Promise<string> {
  const bytes = 'bytes' in source ? source.bytes : await readFile(source.file);
  return createHash('sha256').update(bytes).digest('hex');
}
