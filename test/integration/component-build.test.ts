import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { cp, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { ARCHITECTURES, type Architecture } from '../../src/component/build/architecture.ts';
import { type BuiltAgent, builtAgent, ROOT, temporaryFolder } from '../fixtures/built-agent.ts';
import { cyclonedxSchema } from '../fixtures/cyclonedx-schema.ts';

/** Packing 60 MB takes 10 s on a small machine, and some tests do it again. */
const BUILD_DEADLINE_MS = 120_000;
const HERE = process.arch as Architecture;
/** e_machine in an ELF header: which processor a binary is for. */
const MACHINES: Readonly<Record<Architecture, number>> = { x64: 62, arm64: 183 };
const E_MACHINE_AT = 18;
const SOURCES = [
  'src',
  'bin',
  'recipes',
  'artifacts',
  'package.json',
  'package-lock.json',
  'gdk',
  'gdk-config.json',
  'LICENSE',
];

type Sbom = { components: { name: string; group?: string; version: string; components?: { name: string }[] }[] };

describe('component build', function () {
  this.timeout(BUILD_DEADLINE_MS);
  let built: BuiltAgent;
  before(async () => {
    const result = await builtAgent(HERE);
    if (!result.ok) throw new Error(result.error.message);
    built = result.value;
  });

  const inApp = (name: string) => join(built.folder, 'app', name);
  const readText = (name: string) => readFile(join(built.folder, name), 'utf8');

  it('gives the same bytes in another checkout', async () => {
    const checkout = temporaryFolder('checkout');
    for (const name of SOURCES) await cp(join(ROOT, name), join(checkout, name), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(checkout, 'node_modules'));
    const args = ['component', 'build', '--component', 'com.openclaw.edge.Agent', '--arch', HERE, '-o', 'json'];
    const cli = join(checkout, 'bin/openclaw-edge.js');
    const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], { cwd: checkout });
    const { files } = JSON.parse(stdout) as { files: { file: string; sha256: string }[] };
    const archive = files.find(({ file }) => file.endsWith('.tar.gz'));
    assert.equal(archive?.sha256, built.sha256);
    assert.deepEqual((await readdir(join(checkout, 'greengrass-build'))).sort(), ['artifacts', 'recipes', 'sbom']);
  });

  it('keeps within the size that a device is to fetch', () => {
    assert.ok(built.bytes <= 70_000_000, `${built.bytes} bytes`);
  });

  it('packs what the start needs, owned by nobody, with one time for all, and nothing else beside it', async () => {
    const headers = await headersOf(built.archive);
    const top = new Set(headers.map(({ name }) => name.split('/')[0]));
    assert.deepEqual([...top], ['LICENSES', 'app', 'bin', 'node', 'sbom.cdx.json', 'trust.json']);
    assert.deepEqual(
      new Set(headers.map(({ uid, gid, uname, gname }) => `${uid}${gid}${uname}${gname}`)),
      new Set(['00']),
    );
    assert.equal(new Set(headers.map(({ mtime }) => mtime?.getTime())).size, 1);
    const programs = headers.filter(({ type, mode }) => type === 'file' && mode === 0o755).map(({ name }) => name);
    assert.deepEqual(programs, ['bin/openclaw-edge', 'bin/start', 'node/bin/node']);
  });

  it('holds the binaries of its own platform alone', async () => {
    const names = (await readdir(built.folder, { recursive: true })).filter((name) =>
      /\.node$|\.so|bin\/node$/.test(name),
    );
    const runtime = `app/node_modules/onnxruntime-node/bin/napi-v6/linux/${HERE}`;
    assert.deepEqual(names.sort(), [
      'app/native/aws-crt-nodejs.node',
      `${runtime}/libonnxruntime.so.1`,
      `${runtime}/onnxruntime_binding.node`,
      'node/bin/node',
    ]);
    for (const name of names) {
      const machine = (await readFile(join(built.folder, name))).readUInt16LE(E_MACHINE_AT);
      assert.equal(machine, MACHINES[HERE], name);
    }
    const all = await readdir(built.folder, { recursive: true });
    assert.deepEqual(
      all.filter((name) => /win32|darwin|musl|\.(dll|dylib|onnx|ts)$/.test(name)),
      [],
    );
  });

  it('tells nothing of the machine that it was built on', async () => {
    const paths = [ROOT, homedir(), built.folder].filter((path) => path !== '/');
    const names = (await readdir(inApp(''), { recursive: true })).filter((name) => /\.(mjs|map|json)$/.test(name));
    for (const name of names) {
      const text = await readFile(inApp(name), 'utf8');
      for (const path of paths) assert.ok(!text.includes(`${path}/`), `${name} tells ${path}`);
    }
  });

  it('leads from every script to its sources by a map', async () => {
    const scripts = (await readdir(inApp('chunks'))).filter((name) => name.endsWith('.mjs'));
    assert.ok(scripts.length > 0);
    for (const name of scripts) assert.ok((await stat(inApp(`chunks/${name}.map`))).size > 0);
    const sources = await mapped(inApp(''));
    assert.ok(sources.has('src/agent/pipeline.ts'));
    assert.deepEqual(
      [...sources].filter((source) => /^src\/(component|sim\/nucleus)\//.test(source)),
      [],
    );
  });

  it('names in its bill of materials every package and every binary that it holds, in the form of CycloneDX', async () => {
    const sbom = JSON.parse(await readText('sbom.cdx.json')) as Sbom;
    const schema = cyclonedxSchema();
    assert.ok(schema.safeParse(sbom).success, JSON.stringify(schema.safeParse(sbom).error?.issues[0]));
    assert.ok(!schema.safeParse({ ...sbom, components: [{ type: 'nonsense', name: 'a' }] }).success);
    const named = new Set(sbom.components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`)));
    const packages = [...(await mapped(inApp('')))].flatMap((source) => {
      return /^.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? [];
    });
    assert.ok(packages.length > 0);
    for (const name of [...packages, `node-linux-${HERE}`, 'onnxruntime-node', 'aws-crt'])
      assert.ok(named.has(name), name);
    const files = sbom.components.flatMap(({ components = [] }) => components.map(({ name }) => name));
    assert.equal(files.length, 4);
    const licenses = await readdir(join(built.folder, 'LICENSES'));
    for (const { group, name, version } of sbom.components) {
      const file = `${group === undefined ? '' : `${group}+`}${name}-${version}.txt`.replace(
        /^node-linux-\w+-/,
        'node-',
      );
      assert.ok(licenses.includes(file), file);
    }
  });

  it('carries the notices of ONNX Runtime and of Node', async () => {
    const [runtime] = (await readdir(join(built.folder, 'LICENSES'))).filter((name) =>
      name.startsWith('onnxruntime-node-'),
    );
    assert.match(await readText(`LICENSES/${runtime}`), /Copyright \(c\) Microsoft Corporation.*THIRD PARTY/is);
  });

  it('ends with an exit code when it is asked for what there is not', async () => {
    const cli = join(ROOT, 'bin/openclaw-edge.js');
    const args = ['component', 'build', '--arch', 'mips', '-o', 'json'];
    const { stdout, code } = await promisify(execFile)(process.execPath, [cli, ...args]).catch((error) => error);
    assert.equal(code, 2);
    assert.equal(JSON.parse(stdout).error.code, 'E_USAGE');
  });

  it('builds the models alone, too: their recipes, and zips that the device can check', async () => {
    const out = temporaryFolder('models');
    const names = 'com.openclaw.edge.model.BearingFault,com.openclaw.edge.model.TurbofanRul';
    const cli = [
      join(ROOT, 'bin/openclaw-edge.js'),
      'component',
      'build',
      '--component',
      names,
      '--out',
      out,
      '-o',
      'json',
    ];
    const { stdout } = await promisify(execFile)(process.execPath, cli);
    const { files } = JSON.parse(stdout) as { files: { file: string; bytes: number }[] };
    assert.equal(files.length, 4);
    for (const { file, bytes } of files) assert.ok(!file.endsWith('.yaml') || bytes <= 16 * 1024);
    const zip = join(out, 'artifacts/com.openclaw.edge.model.BearingFault/1.0.0/bearing-fault-1.0.0.zip');
    const again = join(temporaryFolder('again'), 'bearing-fault-1.0.0.zip');
    await mkdir(join(again, '..'), { recursive: true });
    await promisify(execFile)(process.execPath, [
      join(ROOT, 'bin/openclaw-edge.js'),
      'model',
      'pack',
      'bearing-fault',
      '--out',
      again,
    ]);
    assert.ok((await readFile(zip)).equals(await readFile(again)));
  });
});

it('is built for the architectures that npm has a Node for', () => {
  assert.deepEqual(ARCHITECTURES, ['x64', 'arm64']);
});

async function headersOf(archive: string): Promise<Header[]> {
  const headers: Header[] = [];
  const entries = extract();
  const reading = pipeline(createReadStream(archive), createGunzip(), entries);
  for await (const entry of entries) {
    headers.push(entry.header);
    entry.resume();
  }
  await reading;
  return headers;
}

/** What the maps of a folder lead to, from the root of the sources. */
async function mapped(folder: string): Promise<Set<string>> {
  const maps = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.mjs.map'));
  const sources = await Promise.all(
    maps.map(async (name) => (JSON.parse(await readFile(join(folder, name), 'utf8')) as { sources: string[] }).sources),
  );
  return new Set(sources.flat().map((source) => source.replace(/^(\.\.\/)+/, '')));
}
