import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { parseTrust } from '../../../src/package/trust.ts';
import { certify, makeKey } from '../../fixtures/signing/publisher.ts';
import { skip } from '../../skip.ts';

/** Certificates that no good library makes. */
const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

describe('An authority in a trust root', () => {
  before(function () {
    if (spawnSync('openssl', ['version']).error !== undefined) skip(this, 'openssl is not installed');
  });

  for (const [what, options, problem] of [
    ['has a short RSA key', ['-newkey', 'rsa:1024', '-sha256'], /RSA key of 1024 bits/],
    ['is signed with SHA-1', [...EC, '-sha1'], /is signed with ecdsa-with-SHA1/],
    [
      'has a critical rule that is unknown here',
      [...EC, '-addext', 'nameConstraints=critical,permitted;DNS:x'],
      /critical/,
    ],
  ] as const) {
    it(`is refused when it ${what}`, () => {
      const refused = trusting(selfSigned(options));
      assert.ok(!refused.ok, 'it was accepted');
      assert.equal(refused.error.code, 'E_TRUST_INVALID');
      assert.match(refused.error.message, problem);
    });
  }

  it('is believed with a long RSA key, or a key on a curve', async () => {
    assert.ok(trusting(selfSigned(['-newkey', 'rsa:2048', '-sha256'])).ok);
    assert.ok(trusting(selfSigned([...EC, '-sha384'])).ok);
    assert.ok(trusting((await certify('root', 'authority')).cert).ok);
  });
});

function selfSigned(options: readonly string[]): string {
  const args = ['req', '-x509', '-nodes', '-subj', '/CN=root', '-days', '1', '-keyout', '/dev/null', ...options];
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

function trusting(authority: string) {
  const keys = [{ id: 'alice', pem: makeKey().pub }];
  return parseTrust({ schemaVersion: 1, version: 1, threshold: 1, keys, authorities: [authority] });
}
