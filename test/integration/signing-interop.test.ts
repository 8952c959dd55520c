import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { signPackage } from '../../src/package/sign.ts';
import { signRelease } from '../../src/package/sign-release.ts';
import { verifyPackage } from '../../src/package/verify.ts';
import { writeTinyPackage } from '../fixtures/packages/tiny-package.ts';
import {
  byChain,
  byKey,
  type Certificate,
  CONTEXT,
  type Curve,
  certify,
  makeKey,
  NOW_MS,
  TERMS,
  trustRoot,
  unwrap,
} from '../fixtures/signing/publisher.ts';
import { skip } from '../skip.ts';

/** A Python that has `model_signing` (PyPI model-signing and pyopenssl): by variable, or where .ci/run puts it. */
const PYTHON = [process.env['OPENCLAW_PYTHON'], resolve(tmpdir(), 'openclaw-model-signing/bin/python')].find(
  (path) => path !== undefined && existsSync(path),
);

describe('The model_signing tool in Python', function () {
  this.timeout(60_000);
  let folder: string;
  let keys: string;
  let remove: () => Promise<void>;

  before(function () {
    if (PYTHON === undefined) skip(this, 'model-signing is not installed: see .ci/run');
  });
  beforeEach(async () => {
    ({ folder, remove } = await writeTinyPackage());
    keys = await mkdtemp(join(tmpdir(), 'openclaw-keys-'));
  });
  afterEach(async () => {
    await remove();
    await rm(keys, { recursive: true });
  });

  for (const curve of ['P-256', 'P-384', 'P-521'] as const satisfies readonly Curve[]) {
    it(`signs by a key on ${curve} what verifies here`, async () => {
      const key = makeKey(curve);
      python('sign', 'key', '--private_key', await put('key.pem', key.key), ...NO_RELEASE());
      unwrap(await signRelease(folder, key.key, TERMS));
      unwrap(await verifyPackage(folder, trustRoot([key]), CONTEXT));
    });

    it(`verifies by a key on ${curve} what was signed here`, async () => {
      const key = makeKey(curve);
      unwrap(await signPackage(folder, byKey(key), NOW_MS));
      unwrap(await signRelease(folder, key.key, TERMS));
      python('verify', 'key', '--public_key', await put('pub.pem', key.pub));
    });

    it(`signs by a certificate on ${curve} what verifies here`, async () => {
      const { root, between, leaf } = await chain(curve);
      const key = makeKey();
      const files = ['--private_key', await put('key.pem', leaf.key)];
      files.push('--signing_certificate', await put('leaf.pem', leaf.cert));
      files.push('--certificate_chain', await put('between.pem', between.cert));
      python('sign', 'certificate', ...files, ...NO_RELEASE());
      unwrap(await signRelease(folder, key.key, TERMS));
      unwrap(await verifyPackage(folder, trustRoot([key], { authorities: [root] }), CONTEXT));
    });

    it(`verifies by a certificate on ${curve} what was signed here`, async () => {
      const { root, between, leaf } = await chain(curve);
      unwrap(await signPackage(folder, byChain(leaf, between), NOW_MS));
      unwrap(await signRelease(folder, makeKey().key, TERMS));
      python('verify', 'certificate', '--certificate_chain', await put('root.pem', root.cert));
    });
  }

  it('refuses a changed file that was signed here', async () => {
    const key = makeKey();
    unwrap(await signPackage(folder, byKey(key), NOW_MS));
    await writeFile(join(folder, 'small.onnx'), 'evil');
    const pub = await put('pub.pem', key.pub);
    assert.throws(() => python('verify', 'key', '--public_key', pub), /small\.onnx/);
  });

  it('signs with an ignore list that is refused here', async () => {
    const key = makeKey();
    const hidden = ['--ignore-paths', join(folder, 'small.onnx')];
    python('sign', 'key', '--private_key', await put('key.pem', key.key), ...hidden);
    const released = await signRelease(folder, key.key, TERMS);
    assert.equal(released.ok ? 'released' : released.error.code, 'E_SIGNATURE_MALFORMED');
  });

  const NO_RELEASE = () => ['--ignore-paths', join(folder, 'release.sig')];

  async function put(name: string, text: string): Promise<string> {
    await writeFile(join(keys, name), text);
    return join(keys, name);
  }

  function python(verb: string, method: string, ...options: readonly string[]): void {
    const args = ['-m', 'model_signing', verb, method, '--signature', join(folder, 'model.sig'), ...options, folder];
    // Outside the repository: nothing there can be taken for a Python module.
    execFileSync(PYTHON ?? '', args, { cwd: tmpdir(), stdio: 'pipe' });
  }
});

async function chain(curve: Curve): Promise<{ root: Certificate; between: Certificate; leaf: Certificate }> {
  const root = await certify('root', 'authority');
  const between = await certify('between', 'last authority', root, { curve });
  return { root, between, leaf: await certify('line 3', 'signer', between, { curve }) };
}
