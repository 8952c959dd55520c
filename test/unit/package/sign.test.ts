import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from '../../../src/domain/errors.ts';
import { signPackage } from '../../../src/package/sign.ts';
import { cosignRelease, signRelease } from '../../../src/package/sign-release.ts';
import { verifyPackage } from '../../../src/package/verify.ts';
import { writeTinyPackage } from '../../fixtures/packages/tiny-package.ts';
import {
  byChain,
  byKey,
  CONTEXT,
  certify,
  makeKey,
  NOW_MS,
  TERMS,
  trustRoot,
  UNTIL,
  unwrap,
} from '../../fixtures/signing/publisher.ts';

const alice = makeKey();
const bob = makeKey('P-384');

describe('Signing a package', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ folder, remove } = await writeTinyPackage());
  });
  afterEach(() => remove());

  it('writes a bundle with one signature and no key id, and nothing else', async () => {
    const { files } = unwrap(await signPackage(folder, byKey(alice), NOW_MS));
    assert.deepEqual(files, ['golden.json', 'large.onnx', 'manifest.json', 'small.onnx']);
    assert.deepEqual((await readdir(folder)).sort(), [...files, 'model.sig'].sort());
    const bundle = JSON.parse(await readFile(join(folder, 'model.sig'), 'utf8'));
    assert.equal(bundle.mediaType, 'application/vnd.dev.sigstore.bundle.v0.3+json');
    assert.deepEqual(Object.keys(bundle.verificationMaterial), ['publicKey', 'tlogEntries']);
    assert.equal(bundle.dsseEnvelope.signatures.length, 1);
    assert.equal(bundle.dsseEnvelope.signatures[0].keyid, '');
  });

  it('again gives the same statement, whatever signatures are there', async () => {
    const statement = async () => JSON.parse(await readFile(join(folder, 'model.sig'), 'utf8')).dsseEnvelope.payload;
    unwrap(await signPackage(folder, byKey(alice), NOW_MS));
    const first = await statement();
    unwrap(await signRelease(folder, alice.key, TERMS));
    unwrap(await signPackage(folder, byKey(alice), NOW_MS));
    assert.equal(await statement(), first);
    unwrap(await verifyPackage(folder, trustRoot([alice]), CONTEXT));
  });

  it('takes a second key holder for the release, once', async () => {
    unwrap(await signPackage(folder, byKey(alice), NOW_MS));
    unwrap(await signRelease(folder, alice.key, TERMS));
    assert.equal(unwrap(await cosignRelease(folder, bob.key)).signatures, 2);
    assert.equal(unwrap(await cosignRelease(folder, bob.key)).signatures, 2);
    const verified = unwrap(await verifyPackage(folder, trustRoot([alice, bob], { threshold: 2 }), CONTEXT));
    assert.deepEqual(verified.signers, ['key-1', 'key-2']);
  });

  it('is refused with an expired certificate, or one that is not valid yet', async () => {
    const root = await certify('root', 'authority');
    const chain = byChain(await certify('line 3', 'signer', root), root);
    refused(await signPackage(folder, chain, UNTIL.getTime() + 1000), 'E_CERTIFICATE_EXPIRED');
    refused(await signPackage(folder, chain, 0), 'E_CERTIFICATE_EXPIRED');
    unwrap(await signPackage(folder, chain, NOW_MS));
  });

  it('is refused with certificates that do not belong together', async () => {
    const root = await certify('root', 'authority');
    const leaf = await certify('line 3', 'signer', root);
    const stranger = await certify('root', 'authority');
    refused(await signPackage(folder, byChain(leaf, stranger), NOW_MS), 'E_CERTIFICATE_INVALID');
    refused(await signPackage(folder, byChain({ ...leaf, key: alice.key }), NOW_MS), 'E_KEY_INVALID');
    refused(await signPackage(folder, byChain({ ...leaf, cert: 'x' }), NOW_MS), 'E_CERTIFICATE_INVALID');
    refused(await signPackage(folder, byChain(await certify('web', 'server', root)), NOW_MS), 'E_CERTIFICATE_INVALID');
  });

  it('is refused with a key that is none, or on another curve, without showing it', async () => {
    refused(await signPackage(folder, byKey({ key: 'secret' }), NOW_MS), 'E_KEY_INVALID');
    refused(await signPackage(folder, byKey(makeKey('secp256k1')), NOW_MS), 'E_KEY_INVALID');
    assert.doesNotMatch(JSON.stringify(await signPackage(folder, byKey({ key: 'secret' }), NOW_MS)), /secret/);
  });

  it('is refused for what would not verify', async () => {
    await symlink('/etc/passwd', join(folder, 'passwd'));
    refused(await signPackage(folder, byKey(alice), NOW_MS), 'E_PACKAGE_UNSAFE');
    await rm(join(folder, 'passwd'));
    await mkdir(join(folder, '.git'));
    refused(await signPackage(folder, byKey(alice), NOW_MS), 'E_PACKAGE_UNSAFE');
  });
});

describe('Signing a release', () => {
  let folder: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ folder, remove } = await writeTinyPackage());
  });
  afterEach(() => remove());

  it('comes after signing the model', async () => {
    refused(await signRelease(folder, alice.key, TERMS), 'E_SIGNATURE_MISSING');
    refused(await cosignRelease(folder, alice.key), 'E_SIGNATURE_MISSING');
  });

  it('takes name and version from the manifest', async () => {
    unwrap(await signPackage(folder, byKey(alice), NOW_MS));
    const { name, version } = unwrap(await signRelease(folder, alice.key, TERMS));
    assert.deepEqual([name, version], ['tiny', '1.2.3']);
  });

  it('is refused when it ends before it begins, or has no number', async () => {
    unwrap(await signPackage(folder, byKey(alice), NOW_MS));
    refused(await signRelease(folder, alice.key, { ...TERMS, expires: TERMS.notBefore }), 'E_USAGE');
    refused(await signRelease(folder, alice.key, { ...TERMS, release: 0 }), 'E_USAGE');
  });

  it('is refused over a model.sig that is none', async () => {
    await writeFile(join(folder, 'model.sig'), '{}');
    refused(await signRelease(folder, alice.key, TERMS), 'E_SIGNATURE_MALFORMED');
  });
});

function refused(result: Result<unknown>, code: string): void {
  assert.equal(result.ok ? 'accepted' : result.error.code, code);
}
