import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result } from '../../../src/domain/errors.ts';
import { rotateTrust, signTrust } from '../../../src/package/rotate.ts';
import { loadTrust, parseTrust, type TrustRoot } from '../../../src/package/trust.ts';
import { certify, makeKey, type Pems, trustRoot, unwrap } from '../../fixtures/signing/publisher.ts';

const alice = makeKey();
const bob = makeKey('P-384');
const carol = makeKey('P-521');

describe('A trust root', () => {
  const document = {
    schemaVersion: 1,
    version: 1,
    threshold: 1,
    keys: [{ id: 'alice', pem: alice.pub }],
  };

  it('knows its keys by fingerprint and by id', () => {
    const root = unwrap(parseTrust(document));
    assert.deepEqual([...root.keyIds.values()], ['alice']);
    assert.deepEqual([...root.keys.keys()], [...root.keyIds.keys()]);
  });

  for (const [what, change, problem] of [
    ['a threshold above its keys', { threshold: 2 }, /threshold 2 with 1 keys/],
    ['a threshold of nothing', { threshold: 0 }, /threshold/],
    ['no keys', { keys: [] }, /keys/],
    ['the same key under two names', { keys: [...document.keys, { id: 'bob', pem: alice.pub }] }, /bob is the same/],
    ['two keys of one name', { keys: [...document.keys, { id: 'alice', pem: bob.pub }] }, /two keys alice/],
    ['a private key', { keys: [{ id: 'alice', pem: alice.key }] }, /not a public key/],
    ['a key on another curve', { keys: [{ id: 'alice', pem: makeKey('secp256k1').pub }] }, /secp256k1 is none of/],
    ['a key that is none', { keys: [{ id: 'alice', pem: '-----BEGIN PUBLIC KEY-----\nAAAA' }] }, /not a public key/],
    ['a field that nobody knows', { trustEverybody: true }, /trustEverybody/],
    ['another schema version', { schemaVersion: 2 }, /schemaVersion/],
    ['an authority that is no certificate', { authorities: ['x'] }, /authorities\[0\]/],
  ] as const) {
    it(`is refused with ${what}`, () => {
      refused(parseTrust({ ...document, ...change }), 'E_TRUST_INVALID', problem);
    });
  }

  it('is refused with an authority that is none', async () => {
    const { cert } = await certify('line 3', 'signer');
    refused(parseTrust({ ...document, authorities: [cert] }), 'E_TRUST_INVALID', /no certificate authority/);
  });

  describe('in a file', () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'openclaw-trust-'));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it('is loaded', async () => {
      await writeFile(join(folder, 'trust.json'), JSON.stringify(document));
      assert.equal(unwrap(await loadTrust(join(folder, 'trust.json'))).version, 1);
    });

    it('is missing, or not JSON', async () => {
      refused(await loadTrust(join(folder, 'trust.json')), 'E_FILE_MISSING', /trust\.json/);
      await writeFile(join(folder, 'trust.json'), '{');
      refused(await loadTrust(join(folder, 'trust.json')), 'E_TRUST_INVALID', /not JSON/);
    });
  });
});

describe('The next trust root', () => {
  const old = trustRoot([alice, bob], { threshold: 2 });
  const next = (keys: readonly Pems[] = [bob, carol], version = 2) => trustRoot(keys, { threshold: 2, version });

  it('follows, signed by enough old and enough new keys', () => {
    assert.equal(unwrap(rotateTrust(old, signedBy(next(), alice, bob, carol))).version, 2);
  });

  it('follows whatever the order of its fields', () => {
    const { schemaVersion, ...rest } = signedBy(next(), alice, bob, carol).document;
    unwrap(rotateTrust(old, unwrap(parseTrust({ ...rest, schemaVersion }))));
  });

  for (const [what, root, problem] of [
    ['nobody signed it', next(), /0 keys of the old/],
    ['only the new keys signed it', signedBy(next(), bob, carol), /1 keys of the old/],
    ['only the old keys signed it', signedBy(next(), alice, bob), /1 keys of the new/],
    ['one old key signed it twice', twice(signedBy(next(), bob, carol)), /1 keys of the old/],
    ['it skips a version', signedBy(next([bob, carol], 3), alice, bob, carol), /version 3 does not follow 1/],
    ['it is the old version again', signedBy(next([bob, carol], 1), alice, bob, carol), /version 1/],
    ['it was changed after it was signed', changed(signedBy(next(), alice, bob, carol)), /signature/],
  ] as const) {
    it(`is refused when ${what}`, () => refused(rotateTrust(old, root), 'E_TRUST_ROTATION', problem));
  }
});

function signedBy(root: TrustRoot, ...keys: readonly Pems[]): TrustRoot {
  return keys.reduce((signed, { key }) => unwrap(parseTrust(unwrap(signTrust(signed, key)))), root);
}

function twice({ document }: TrustRoot): TrustRoot {
  const signatures = document.signatures ?? [];
  return unwrap(parseTrust({ ...document, signatures: [...signatures, ...signatures] }));
}

function changed({ document }: TrustRoot): TrustRoot {
  return unwrap(parseTrust({ ...document, threshold: 1 }));
}

function refused(result: Result<unknown>, code: string, problem: RegExp): void {
  assert.ok(!result.ok, 'it was accepted');
  assert.equal(result.error.code, code);
  assert.match(result.error.message, problem);
}
