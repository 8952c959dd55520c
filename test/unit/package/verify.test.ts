import assert from 'node:assert/strict';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packFolder } from '../../../src/package/pack.ts';
import type { ReleaseTerms } from '../../../src/package/sign-release.ts';
import { FolderVerifier, verifyPackage } from '../../../src/package/verify.ts';
import {
  byChain,
  byKey,
  CONTEXT,
  type Curve,
  certify,
  makeKey,
  TERMS,
  trustRoot,
  unwrap,
  writeSigned,
} from '../../fixtures/signing/publisher.ts';

describe('A signed package', () => {
  const alice = makeKey();
  let clean: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const one of clean) await one();
    clean = [];
  });

  async function signed(terms: Partial<ReleaseTerms> = {}) {
    const written = await writeSigned(byKey(alice), alice, { terms });
    clean.push(written.remove);
    return written.folder;
  }

  for (const curve of ['P-256', 'P-384', 'P-521'] as const satisfies readonly Curve[]) {
    it(`verifies by a key on ${curve}`, async () => {
      const key = makeKey(curve);
      const { folder, remove } = await writeSigned(byKey(key), key);
      clean.push(remove);
      const verified = unwrap(await verifyPackage(folder, trustRoot([key]), CONTEXT));
      assert.equal(verified.ref.release, 7);
      assert.deepEqual(verified.signers, ['key-1']);
    });

    it(`verifies by a certificate on ${curve}, through an authority between`, async () => {
      const root = await certify('root', 'authority');
      const between = await certify('between', 'last authority', root, { curve });
      const leaf = await certify('line 3', 'signer', between, { curve });
      const { folder, remove } = await writeSigned(byChain(leaf, between), alice);
      clean.push(remove);
      const verified = unwrap(await verifyPackage(folder, trustRoot([alice], { authorities: [root] }), CONTEXT));
      assert.deepEqual(verified.signers, ['CN=line 3', 'key-1']);
    });
  }

  it('gives every file with its digest, signatures too, and their size', async () => {
    const verified = unwrap(await verifyPackage(await signed(), trustRoot([alice]), CONTEXT));
    assert.deepEqual([...verified.files.keys()].sort(), [
      'golden.json',
      'large.onnx',
      'manifest.json',
      'model.sig',
      'release.sig',
      'small.onnx',
    ]);
    assert.equal(verified.files.get('small.onnx'), verified.manifest.variants[1]?.sha256);
    assert.match(verified.ref.digest, /^[0-9a-f]{64}$/);
    assert.ok(verified.bytes > 1000);
  });

  it('verifies the same from a zip, with nothing unpacked', async () => {
    const folder = await signed();
    const zip = `${folder}.zip`;
    clean.push(() => rm(zip, { force: true }));
    unwrap(await packFolder(folder, zip));
    const verifier = new FolderVerifier({ trust: async () => ({ ok: true, value: trustRoot([alice]) }) });
    const fromFolder = unwrap(await verifier.verify(folder, CONTEXT));
    assert.deepEqual(unwrap(await verifier.verify(zip, CONTEXT)), fromFolder);
  });

  it('is refused by the name of the file that is missing, changed or too many', async () => {
    const folder = await signed();
    const told = async () => {
      const verified = await verifyPackage(folder, trustRoot([alice]), CONTEXT);
      return verified.ok ? 'verified' : verified.error.message;
    };
    await writeFile(join(folder, 'small.onnx'), 'evil');
    assert.match(await told(), /small\.onnx was changed/);
    await rm(join(folder, 'golden.json'));
    assert.match(await told(), /golden\.json is missing/);
    await writeFile(join(folder, 'evil.so'), 'evil');
    assert.match(await told(), /evil\.so is not signed/);
  });

  it('is missing where there is none', async () => {
    const verified = await verifyPackage('/nowhere/at/all', trustRoot([alice]), CONTEXT);
    assert.equal(verified.ok ? 'verified' : verified.error.code, 'E_MODEL_MISSING');
  });

  it('stays verified after its dates and below the floor once it is installed', async () => {
    const context = { ...CONTEXT, nowMs: Date.UTC(2050, 0), releaseFloor: 7, newInstall: false };
    unwrap(await verifyPackage(await signed(), trustRoot([alice]), context));
  });

  it('verifies by a certificate for signing code that says no more', async () => {
    const root = await certify('root', 'authority');
    const { folder, remove } = await writeSigned(byChain(await certify('line 3', 'code signer', root)), alice);
    clean.push(remove);
    unwrap(await verifyPackage(folder, trustRoot([alice], { authorities: [root] }), CONTEXT));
  });

  it('stays verified after its certificate ended once it is installed', async () => {
    const root = await certify('root', 'authority');
    const { folder, remove } = await writeSigned(byChain(await certify('line 3', 'signer', root)), alice);
    clean.push(remove);
    const trust = trustRoot([alice], { authorities: [root] });
    unwrap(await verifyPackage(folder, trust, { ...CONTEXT, nowMs: Date.UTC(2050, 0), newInstall: false }));
  });

  it('goes back on the thing and from the release that its signed downgrade names, and says so', async () => {
    const folder = await signed({ override: { thing: 'edge-1', floor: 9, reason: 'release 9 misses cracks' } });
    const verified = unwrap(await verifyPackage(folder, trustRoot([alice]), { ...CONTEXT, releaseFloor: 9 }));
    assert.equal(verified.downgrade, 'release 9 misses cracks');
    assert.equal(unwrap(await verifyPackage(folder, trustRoot([alice]), CONTEXT)).downgrade, undefined);
  });

  it('is no downgrade, and no new install, where the very same package is active already, or was so before', async () => {
    const folder = await signed();
    const { digest } = unwrap(await verifyPackage(folder, trustRoot([alice]), CONTEXT)).ref;
    const later = { ...CONTEXT, nowMs: Date.UTC(2050, 0), releaseFloor: 7 };
    unwrap(await verifyPackage(folder, trustRoot([alice]), { ...later, keptDigests: ['e'.repeat(64), digest] }));
    const other = await verifyPackage(folder, trustRoot([alice]), { ...later, keptDigests: ['f'.repeat(64)] });
    assert.equal(other.ok, false);
  });

  it('is no new install where it is kept, though its certificate has ended', async () => {
    const root = await certify('root', 'authority');
    const { folder, remove } = await writeSigned(byChain(await certify('line 3', 'signer', root)), alice, {
      terms: { expires: '2060-01-01T00:00:00Z' },
    });
    clean.push(remove);
    const trust = trustRoot([alice], { authorities: [root] });
    const { digest } = unwrap(await verifyPackage(folder, trust, CONTEXT)).ref;
    const later = { ...CONTEXT, nowMs: Date.UTC(2050, 0) };
    unwrap(await verifyPackage(folder, trust, { ...later, keptDigests: [digest] }));
    const fresh = await verifyPackage(folder, trust, later);
    assert.equal(fresh.ok ? 'verified' : fresh.error.code, 'E_CERTIFICATE_EXPIRED');
  });

  it('is for a device of any one of its groups', async () => {
    const folder = await signed({ groups: ['saw', 'press'] });
    unwrap(await verifyPackage(folder, trustRoot([alice]), CONTEXT));
  });

  it('is for a device that has had nothing, whatever it needs before it', async () => {
    const folder = await signed({ minimumRelease: 5 });
    unwrap(await verifyPackage(folder, trustRoot([alice]), { ...CONTEXT, releaseFloor: 0 }));
    unwrap(await verifyPackage(folder, trustRoot([alice]), { ...CONTEXT, releaseFloor: 5 }));
  });

  it('of an older trust root holds as long as its keys are trusted', async () => {
    unwrap(await verifyPackage(await signed(TERMS), trustRoot([alice], { version: 4 }), CONTEXT));
  });

  it('of 100 MB is hashed in flat memory', async () => {
    const { hashFiles } = await import('../../../src/package/verify-files.ts');
    const folder = await signed();
    await truncate(join(folder, 'large.onnx'), 100_000_000);
    const before = process.memoryUsage().rss;
    assert.equal(unwrap(await hashFiles(folder, ['large.onnx'])).bytes, 100_000_000);
    assert.ok(process.memoryUsage().rss - before < 50_000_000);
  });
});
