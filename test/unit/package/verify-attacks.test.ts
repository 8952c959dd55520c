import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, link, mkdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ErrorCode, Result } from '../../../src/domain/errors.ts';
import { readVariant } from '../../../src/package/load.ts';
import { signPackage } from '../../../src/package/sign.ts';
import { cosignRelease, type ReleaseTerms, signRelease } from '../../../src/package/sign-release.ts';
import type { TrustRoot } from '../../../src/package/trust.ts';
import { verifyPackage } from '../../../src/package/verify.ts';
import type { VerifyContext } from '../../../src/ports/package-verifier.ts';
import { LARGE_BYTES, tinyManifest } from '../../fixtures/packages/tiny-package.ts';
import { zipOf } from '../../fixtures/packages/zips.ts';
import {
  byChain,
  byKey,
  type Certificate,
  CONTEXT,
  certify,
  forge,
  makeKey,
  NOW_MS,
  TERMS,
  trustRoot,
  unwrap,
  writeSigned,
} from '../../fixtures/signing/publisher.ts';

/** What an attack changes besides files of the folder. */
type Changed = {
  readonly source?: string;
  readonly root?: TrustRoot;
  readonly context?: Partial<VerifyContext>;
};
type Attack = readonly [what: string, code: ErrorCode, attack: (folder: string) => Promise<Changed> | Promise<void>];

const alice = makeKey();
const bob = makeKey('P-384');
const mallory = makeKey();
const certificates: Record<string, Certificate> = {};

const of = (name: string): Certificate => certificates[name] ?? assert.fail(`no certificate ${name}`);
const trusted = (threshold = 1) => trustRoot([alice, bob], { threshold, authorities: [of('root')] });

/** Signs and releases again: what an attacker with these keys would do after a change. */
async function resign(folder: string, signer = byKey(alice), terms: Partial<ReleaseTerms> = {}): Promise<void> {
  unwrap(await signPackage(folder, signer, NOW_MS));
  unwrap(await signRelease(folder, alice.key, { ...TERMS, ...terms }));
}

async function flip(path: string, at: (length: number) => number): Promise<void> {
  const bytes = await readFile(path);
  const index = at(bytes.length);
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  await writeFile(path, bytes);
}

/** Takes the signature files of another package of the same publisher. */
async function takeSignatures(folder: string, files: readonly string[], terms: Partial<ReleaseTerms> = {}) {
  const manifest = { ...tinyManifest(), version: '1.2.4' };
  const other = await writeSigned(byKey(alice), alice, { terms, manifest });
  for (const file of files) await copyFile(join(other.folder, file), join(folder, file));
  await other.remove();
}

const middle = (length: number) => Math.floor(length / 2);

const FILES: readonly Attack[] = [
  ...['manifest.json', 'golden.json', 'small.onnx', 'large.onnx'].map(
    (file): Attack => [
      `one bit of ${file} is flipped`,
      'E_PACKAGE_CONTENT',
      (folder) => flip(join(folder, file), middle),
    ],
  ),
  ['a file is added', 'E_PACKAGE_CONTENT', (folder) => writeFile(join(folder, 'evil.so'), 'x')],
  ['a hidden file is added', 'E_PACKAGE_UNSAFE', (folder) => writeFile(join(folder, '.gitignore'), 'x')],
  [
    'a folder is added that the reference ignores',
    'E_PACKAGE_UNSAFE',
    async (folder) => {
      await mkdir(join(folder, '.git'));
      await writeFile(join(folder, '.git/evil.so'), 'x');
    },
  ],
  ['a file is removed', 'E_PACKAGE_CONTENT', (folder) => rm(join(folder, 'golden.json'))],
  ['a file is renamed', 'E_PACKAGE_CONTENT', (folder) => rename(join(folder, 'small.onnx'), join(folder, 'tiny.onnx'))],
  [
    'two files change places',
    'E_PACKAGE_CONTENT',
    async (folder) => {
      await rename(join(folder, 'small.onnx'), join(folder, 'x'));
      await rename(join(folder, 'large.onnx'), join(folder, 'small.onnx'));
      await rename(join(folder, 'x'), join(folder, 'large.onnx'));
    },
  ],
  [
    'a file is a symbolic link to the same bytes',
    'E_PACKAGE_UNSAFE',
    async (folder) => {
      const outside = join(folder, '..', `outside-${process.pid}`);
      await rename(join(folder, 'small.onnx'), outside);
      await symlink(outside, join(folder, 'small.onnx'));
    },
  ],
  [
    'a signature is a symbolic link',
    'E_PACKAGE_UNSAFE',
    async (folder) => {
      await rm(join(folder, 'model.sig'));
      await symlink('/dev/zero', join(folder, 'model.sig'));
    },
  ],
  [
    'a file has another name outside',
    'E_PACKAGE_UNSAFE',
    async (folder) => {
      await link(join(folder, 'small.onnx'), `${folder}.link`);
    },
  ],
  [
    'a file is a pipe',
    'E_PACKAGE_UNSAFE',
    async (folder) => {
      await rm(join(folder, 'small.onnx'));
      execFileSync('mkfifo', [join(folder, 'small.onnx')]);
    },
  ],
  [
    'two names differ only in case',
    'E_PACKAGE_UNSAFE',
    async (folder) => {
      await writeFile(join(folder, 'SMALL.onnx'), LARGE_BYTES);
    },
  ],
  [
    'there are more files than any package has',
    'E_PACKAGE_TOO_LARGE',
    async (folder) => {
      for (let i = 0; i < 70; i++) await writeFile(join(folder, `f${i}`), '');
    },
  ],
  ['a file is larger than any model', 'E_PACKAGE_TOO_LARGE', (folder) => truncate(join(folder, 'small.onnx'), 2 ** 30)],
  ['a signature is larger than any', 'E_SIGNATURE_MALFORMED', (folder) => truncate(join(folder, 'model.sig'), 2 ** 24)],
];

const SIGNATURES: readonly Attack[] = [
  ['model.sig is stripped', 'E_SIGNATURE_MISSING', (folder) => rm(join(folder, 'model.sig'))],
  ['release.sig is stripped', 'E_SIGNATURE_MISSING', (folder) => rm(join(folder, 'release.sig'))],
  [
    'what model.sig says is changed',
    'E_SIGNATURE_INVALID',
    async (folder) => {
      await flipSigned(folder, 'model.sig', (sig) => sig.dsseEnvelope);
    },
  ],
  [
    'what release.sig says is changed',
    'E_SIGNATURE_INVALID',
    async (folder) => {
      await flipSigned(folder, 'release.sig', (sig) => sig);
    },
  ],
  [
    'both signatures are of another package',
    'E_PACKAGE_CONTENT',
    (folder) => takeSignatures(folder, ['model.sig', 'release.sig']),
  ],
  ['model.sig is of another package', 'E_RELEASE_MISMATCH', (folder) => takeSignatures(folder, ['model.sig'])],
  [
    'release.sig is of another version',
    'E_RELEASE_MISMATCH',
    (folder) => takeSignatures(folder, ['release.sig'], { release: 8 }),
  ],
  ['another key signed the model', 'E_SIGNER_UNTRUSTED', (folder) => resign(folder, byKey(mallory))],
  [
    'another key signed under the fingerprint of a trusted one',
    'E_SIGNATURE_INVALID',
    (folder) => forge(folder, 'model.sig', mallory, {}),
  ],
  [
    'the fingerprint is of a trusted key on another curve',
    'E_SIGNATURE_INVALID',
    (folder) =>
      forge(folder, 'model.sig', alice, {
        whole: (bundle) => {
          bundle.verificationMaterial.publicKey.hint = [...trusted().keys.keys()][1];
        },
      }),
  ],
  [
    'another key signed the release',
    'E_SIGNER_UNTRUSTED',
    async (folder) => {
      unwrap(await signRelease(folder, mallory.key, TERMS));
    },
  ],
  ['the trust root is another one', 'E_SIGNER_UNTRUSTED', async () => ({ root: trustRoot([mallory]) })],
  ['one key signed where two are needed', 'E_SIGNERS_TOO_FEW', async () => ({ root: trusted(2) })],
  [
    'an unknown key is the second one',
    'E_SIGNERS_TOO_FEW',
    async (folder) => {
      unwrap(await cosignRelease(folder, mallory.key));
      return { root: trusted(2) };
    },
  ],
  [
    'the same key signed twice where two are needed',
    'E_SIGNERS_TOO_FEW',
    async (folder) => {
      await forge(folder, 'release.sig', alice, { whole: (sig) => sig.signatures.push({ ...sig.signatures[0] }) });
      return { root: trusted(2) };
    },
  ],
];

const BUNDLES: readonly Attack[] = [
  ...(
    [
      ['leaves more files out', (p) => p.predicate.serialization.ignore_paths.splice(0, 1, 'small.onnx')],
      ['leaves the folder out', (p) => p.predicate.serialization.ignore_paths.splice(0, 1, '.')],
      ['allows symbolic links', (p) => Object.assign(p.predicate.serialization, { allow_symlinks: true })],
      ['hashes with something else', (p) => Object.assign(p.predicate.serialization, { hash_type: 'blake3' })],
      ['hashes shards', (p) => Object.assign(p.predicate.serialization, { method: 'shards', shard_size: 1 })],
      ['is of an unknown kind', (p) => Object.assign(p, { predicateType: 'https://model_signing/Digests/v0.1' })],
      ['is no in-toto statement', (p) => Object.assign(p, { _type: 'https://in-toto.io/Statement/v0.1' })],
      ['has two subjects', (p) => p.subject.push(p.subject[0])],
      ['has another digest of the package', (p) => Object.assign(p.subject[0].digest, { sha256: '0'.repeat(64) })],
      ['names a file outside', (p) => Object.assign(p.predicate.resources[0], { name: '../../etc/passwd' })],
      ['names an absolute file', (p) => Object.assign(p.predicate.resources[0], { name: '/etc/passwd' })],
      ['names __proto__ with a value', (p) => Object.defineProperty(p, '__proto__', { value: {}, enumerable: true })],
      ['has a field that nobody knows', (p) => Object.assign(p.predicate, { trusted: true })],
      ['has no files', (p) => Object.assign(p.predicate, { resources: [] })],
      [
        'has too many files',
        (p) => {
          for (let i = 0; i < 64; i++) listAgain(p, () => `f${i}`);
        },
      ],
      // biome-ignore lint/suspicious/noExplicitAny: attacks write what no type allows
    ] as readonly [string, (payload: any) => unknown][]
  ).map(
    ([what, statement]): Attack => [
      `a trusted statement ${what}`,
      'E_SIGNATURE_MALFORMED',
      (folder) => forge(folder, 'model.sig', alice, { statement }),
    ],
  ),
  ...(
    [
      ['has two signatures', (b) => b.dsseEnvelope.signatures.push(b.dsseEnvelope.signatures[0])],
      [
        'has no signature',
        (b) => {
          b.dsseEnvelope.signatures = [];
        },
      ],
      [
        'has another payload type',
        (b) => {
          b.dsseEnvelope.payloadType = 'text/plain';
        },
      ],
      [
        'has another media type',
        (b) => {
          b.mediaType = 'application/json';
        },
      ],
      [
        'has loose base64',
        (b) => {
          b.dsseEnvelope.payload += '\n';
        },
      ],
      ['has a transparency log that nobody checks', (b) => b.verificationMaterial.tlogEntries.push({})],
      ['has a prototype', (b) => Object.defineProperty(b, '__proto__', { value: { ok: true }, enumerable: true })],
      // biome-ignore lint/suspicious/noExplicitAny: attacks write what no type allows
    ] as readonly [string, (bundle: any) => unknown][]
  ).map(
    ([what, whole]): Attack => [
      `a bundle ${what}`,
      'E_SIGNATURE_MALFORMED',
      (folder) => forge(folder, 'model.sig', alice, { whole }),
    ],
  ),
  [
    'a trusted statement lists a file twice',
    'E_PACKAGE_UNSAFE',
    (folder) => forge(folder, 'model.sig', alice, { statement: (p) => listAgain(p, (name) => name) }),
  ],
  [
    'a trusted statement lists two names that differ only in case',
    'E_PACKAGE_UNSAFE',
    (folder) => forge(folder, 'model.sig', alice, { statement: (p) => listAgain(p, (name) => name.toUpperCase()) }),
  ],
  [
    'a trusted statement lists a signature',
    'E_SIGNATURE_MALFORMED',
    (folder) => forge(folder, 'model.sig', alice, { statement: (p) => listAgain(p, () => 'release.sig') }),
  ],
  ['model.sig is not JSON', 'E_SIGNATURE_MALFORMED', (folder) => writeFile(join(folder, 'model.sig'), '{'.repeat(1e5))],
  [
    'model.sig is not UTF-8',
    'E_SIGNATURE_MALFORMED',
    (folder) => writeFile(join(folder, 'model.sig'), Buffer.of(0xff)),
  ],
  [
    'the names in a trusted statement change places, same digest',
    'E_RELEASE_MISMATCH',
    (folder) =>
      forge(folder, 'model.sig', alice, {
        statement: ({
          predicate: {
            resources: [first, second],
          },
        }) => {
          [first.name, second.name] = [second.name, first.name];
        },
      }),
  ],
];

const CHAINS: readonly Attack[] = [
  [
    'the certificate has expired',
    'E_CERTIFICATE_EXPIRED',
    async (folder) => {
      await resign(folder, byChain(of('leaf')), { expires: '2050-01-01T00:00:00Z' });
      return { context: { nowMs: Date.UTC(2031, 0) } };
    },
  ],
  [
    'the certificate is not valid yet',
    'E_CERTIFICATE_EXPIRED',
    async (folder) => {
      await resign(folder, byChain(of('leaf')), { notBefore: '2020-01-01T00:00:00Z' });
      return { context: { nowMs: Date.UTC(2024, 0) } };
    },
  ],
  ['an authority was made by hand', 'E_SIGNER_UNTRUSTED', (folder) => resign(folder, byChain(of('forged leaf')))],
  [
    'an authority was made by hand and comes along',
    'E_SIGNER_UNTRUSTED',
    (folder) => resign(folder, byChain(of('forged leaf'), of('forged root'))),
  ],
  ['a certificate signed itself', 'E_SIGNER_UNTRUSTED', (folder) => resign(folder, byChain(of('self')))],
  [
    'a signer acts as an authority',
    'E_CERTIFICATE_INVALID',
    (folder) => certified(folder, of('leaf of leaf'), of('leaf')),
  ],
  [
    'an authority may not sign certificates',
    'E_CERTIFICATE_INVALID',
    (folder) => certified(folder, of('leaf of powerless'), of('powerless')),
  ],
  [
    'an authority stands where none is allowed',
    'E_CERTIFICATE_INVALID',
    (folder) => certified(folder, of('leaf too deep'), of('too deep'), of('last')),
  ],
  ['an authority signs the model itself', 'E_CERTIFICATE_INVALID', (folder) => certified(folder, of('signing'))],
  ['a certificate that only encrypts signs', 'E_CERTIFICATE_INVALID', (folder) => certified(folder, of('encrypting'))],
  ['a certificate of a server signs', 'E_CERTIFICATE_INVALID', (folder) => certified(folder, of('server'))],
  [
    'the certificate is of another key',
    'E_SIGNATURE_INVALID',
    (folder) => certified(folder, { key: mallory.key, cert: of('leaf').cert }),
  ],
  [
    'a key of the trust root signed, but a certificate is shown',
    'E_SIGNATURE_INVALID',
    (folder) => certified(folder, { key: alice.key, cert: of('leaf').cert }),
  ],
  [
    'a certificate is garbage',
    'E_CERTIFICATE_INVALID',
    (folder) =>
      forge(folder, 'model.sig', alice, {
        whole: (bundle) => {
          bundle.verificationMaterial = { x509CertificateChain: { certificates: [{ rawBytes: 'AAAA' }] } };
        },
      }),
  ],
];

const RELEASES: readonly Attack[] = [
  ['an older release is offered', 'E_RELEASE_OLD', async () => ({ context: { releaseFloor: 8 } })],
  ['the same release is offered again', 'E_RELEASE_OLD', async () => ({ context: { releaseFloor: 7 } })],
  [
    'a downgrade is for another thing',
    'E_RELEASE_OLD',
    async (folder) => {
      await resign(folder, byKey(alice), { override: { thing: 'edge-2', floor: 8, reason: 'test' } });
      return { context: { releaseFloor: 8 } };
    },
  ],
  [
    'a downgrade is for another floor',
    'E_RELEASE_OLD',
    async (folder) => {
      await resign(folder, byKey(alice), { override: { thing: 'edge-1', floor: 8, reason: 'test' } });
      return { context: { releaseFloor: 9 } };
    },
  ],
  [
    'the device is frozen on an expired release',
    'E_RELEASE_EXPIRED',
    async () => ({
      context: { nowMs: Date.UTC(2027, 0) },
    }),
  ],
  ['the release is for later', 'E_RELEASE_EARLY', async () => ({ context: { nowMs: Date.UTC(2025, 11, 31) } })],
  [
    'the release is for other groups',
    'E_RELEASE_FOREIGN',
    (folder) => resign(folder, byKey(alice), { groups: ['saw'] }),
  ],
  [
    'the release needs one that the device never had',
    'E_RELEASE_GAP',
    (folder) => resign(folder, byKey(alice), { minimumRelease: 5 }),
  ],
  [
    'the release needs a newer trust root',
    'E_TRUST_OLD',
    (folder) => resign(folder, byKey(alice), { trustRootVersion: 2 }),
  ],
  [
    'the release is of another name than the manifest',
    'E_RELEASE_MISMATCH',
    (folder) =>
      forge(folder, 'release.sig', alice, { statement: (p) => Object.assign(p.predicate, { name: 'other' }) }),
  ],
  [
    'the release is of another version than the manifest',
    'E_RELEASE_MISMATCH',
    (folder) =>
      forge(folder, 'release.sig', alice, { statement: (p) => Object.assign(p.predicate, { version: '1.2.4' }) }),
  ],
  [
    'the release is of another digest',
    'E_RELEASE_MISMATCH',
    (folder) =>
      forge(folder, 'release.sig', alice, { statement: (p) => (p.subject[0].digest.sha256 = '0'.repeat(64)) }),
  ],
  [
    'the release number is not a whole number',
    'E_SIGNATURE_MALFORMED',
    (folder) => forge(folder, 'release.sig', alice, { statement: (p) => Object.assign(p.predicate, { release: 7.5 }) }),
  ],
  [
    'a date is no date',
    'E_SIGNATURE_MALFORMED',
    (folder) =>
      forge(folder, 'release.sig', alice, { statement: (p) => Object.assign(p.predicate, { expires: 'never' }) }),
  ],
  [
    'release.sig is a model.sig',
    'E_SIGNATURE_MALFORMED',
    async (folder) => {
      const { dsseEnvelope } = JSON.parse(await readFile(join(folder, 'model.sig'), 'utf8'));
      dsseEnvelope.signatures[0].keyid = [...trusted().keys.keys()][0];
      await writeFile(join(folder, 'release.sig'), JSON.stringify(dsseEnvelope));
    },
  ],
  [
    'a signed file is none that the manifest asks for',
    'E_PACKAGE_CONTENT',
    async (folder) => {
      await writeFile(join(folder, 'custom-op.so'), 'x');
      await resign(folder);
    },
  ],
  [
    'the manifest names another digest of a signed variant',
    'E_MODEL_DIGEST',
    async (folder) => {
      await writeFile(join(folder, 'small.onnx'), LARGE_BYTES);
      await resign(folder);
    },
  ],
];

const ZIPS: readonly Attack[] = [
  ['a zip names a file outside', 'E_PACKAGE_ARCHIVE', (folder) => zip(folder, [{ name: '../evil.so' }])],
  [
    'a zip holds a bomb',
    'E_PACKAGE_ARCHIVE',
    (folder) => zip(folder, [{ name: 'bomb.onnx', data: Buffer.alloc(64 * 1024 * 1024), deflate: true }]),
  ],
  [
    'a zip holds a changed file',
    'E_PACKAGE_CONTENT',
    async (folder) => {
      const names = ['manifest.json', 'golden.json', 'large.onnx', 'model.sig', 'release.sig'];
      const files = await Promise.all(names.map(async (name) => ({ name, data: await readFile(join(folder, name)) })));
      return zip(folder, [...files, { name: 'small.onnx', data: Buffer.from('evil') }]);
    },
  ],
];

describe('A package is refused by name of the fault when', () => {
  let folder: string;
  let remove: () => Promise<void>;

  before(async () => {
    certificates['root'] = await certify('root', 'authority');
    certificates['leaf'] = await certify('line 3', 'signer', of('root'));
    certificates['server'] = await certify('web', 'server', of('root'));
    certificates['encrypting'] = await certify('line 3', 'encrypting signer', of('root'));
    certificates['last'] = await certify('last', 'last authority', of('root'));
    certificates['signing'] = await certify('signing', 'signing authority', of('root'));
    certificates['too deep'] = await certify('too deep', 'authority', of('last'));
    certificates['leaf too deep'] = await certify('leaf', 'signer', of('too deep'));
    certificates['powerless'] = await certify('powerless', 'powerless authority', of('root'));
    certificates['leaf of powerless'] = await certify('leaf', 'signer', of('powerless'));
    certificates['leaf of leaf'] = await certify('leaf', 'signer', of('leaf'));
    certificates['forged root'] = await certify('root', 'authority');
    certificates['forged leaf'] = await certify('line 3', 'signer', of('forged root'));
    certificates['self'] = await certify('line 3', 'signer');
  });
  beforeEach(async () => {
    ({ folder, remove } = await writeSigned(byKey(alice), alice));
  });
  afterEach(async () => {
    await remove();
    for (const beside of [`${folder}.link`, `${folder}.zip`]) await rm(beside, { force: true });
    await rm(join(folder, '..', `outside-${process.pid}`), { force: true });
  });

  for (const [what, code, attack] of [...FILES, ...SIGNATURES, ...BUNDLES, ...CHAINS, ...RELEASES, ...ZIPS]) {
    it(what, async () => {
      unwrap(await verifyPackage(folder, trusted(), CONTEXT));
      const { source = folder, root = trusted(), context = {} } = (await attack(folder)) ?? {};
      assert.equal(codeOf(await verifyPackage(source, root, { ...CONTEXT, ...context })), code);
    });
  }

  it('any one bit of its signatures is flipped', async () => {
    for (const file of ['model.sig', 'release.sig']) {
      const path = join(folder, file);
      const whole = await readFile(path);
      for (let at = 0; at < whole.length; at += 7) {
        await writeFile(
          path,
          whole.map((byte, index) => (index === at ? byte ^ (1 << (at % 8)) : byte)),
        );
        const code = codeOf(await verifyPackage(folder, trusted(), CONTEXT));
        assert.match(code, /^E_SIGN/, `${file} at ${at}`);
      }
      await writeFile(path, whole);
    }
    unwrap(await verifyPackage(folder, trusted(), CONTEXT));
  });

  it('a model is swapped after it was verified, for the bytes that are loaded', async () => {
    const { manifest } = unwrap(await verifyPackage(folder, trusted(), CONTEXT));
    await writeFile(join(folder, 'small.onnx'), 'the small modem');
    assert.equal(codeOf(await readVariant({ folder, manifest, golden: [] }, 'small')), 'E_MODEL_DIGEST');
  });
});

/** Signs by certificate whatever the certificates are: `signPackage` would refuse these. */
async function certified(folder: string, ...chain: readonly Certificate[]): Promise<void> {
  await forge(
    folder,
    'model.sig',
    { key: chain[0]?.key ?? '', pub: '' },
    {
      whole: (bundle) => {
        const certificates = chain.map(({ cert }) => ({ rawBytes: cert.replace(/-----[A-Z ]+-----|\s/g, '') }));
        bundle.verificationMaterial = { x509CertificateChain: { certificates } };
      },
    },
  );
}

/** Lists the first file once more, by another name, with the digest of the package that belongs to it. */
// biome-ignore lint/suspicious/noExplicitAny: attacks write what no type allows
function listAgain({ subject, predicate: { resources } }: any, rename: (name: string) => string): void {
  resources.push({ ...resources[0], name: rename(resources[0].name) });
  const hash = createHash('sha256');
  for (const { digest } of resources) hash.update(Buffer.from(digest, 'hex'));
  subject[0].digest.sha256 = hash.digest('hex');
}

// biome-ignore lint/suspicious/noExplicitAny: attacks write what no type allows
async function flipSigned(folder: string, file: string, envelopeOf: (whole: any) => any): Promise<void> {
  const path = join(folder, file);
  const whole = JSON.parse(await readFile(path, 'utf8'));
  const envelope = envelopeOf(whole);
  const payload = Buffer.from(envelope.payload, 'base64');
  payload[middle(payload.length)] = (payload[middle(payload.length)] ?? 0) ^ 1;
  envelope.payload = payload.toString('base64');
  await writeFile(path, JSON.stringify(whole));
}

async function zip(folder: string, entries: Parameters<typeof zipOf>[0]): Promise<Changed> {
  await writeFile(`${folder}.zip`, zipOf(entries));
  return { source: `${folder}.zip` };
}

function codeOf(result: Result<unknown>): string {
  return result.ok ? 'verified' : result.error.code;
}
