import assert from 'node:assert/strict';
import type { LockedPackage } from '../../../../src/component/build/lock-file.ts';
import { sbomOf, sourceDate } from '../../../../src/component/build/sbom.ts';

const DIGEST = Buffer.alloc(64, 7);

function locked(name: string, license = 'MIT'): LockedPackage {
  const integrity = `sha512-${DIGEST.toString('base64')}`;
  return { name, version: '1.0.0', license, integrity, folder: `node_modules/${name}` };
}

const A = locked('a');
const B = locked('@scope/b', '(MIT OR Apache-2.0)');
const CONTENTS = { name: 'thing', version: '1.2.3', license: 'Apache-2.0', natives: [], timestamp: undefined };

describe('the bill of materials', () => {
  it('is the same text for the same packages, in whatever order', () => {
    const text = sbomOf({ ...CONTENTS, packages: [A, B] });
    assert.equal(text, sbomOf({ ...CONTENTS, packages: [B, A] }));
    assert.doesNotMatch(text, /serialNumber|timestamp/);
  });

  it('tells name, version, licence, digest and address of each package, and the digest of each binary in it', () => {
    const natives = [{ name: 'app/a.node', sha256: 'ab'.repeat(32), of: A }];
    const { components, metadata } = JSON.parse(sbomOf({ ...CONTENTS, packages: [A, B], natives }));
    assert.equal(metadata.component.version, '1.2.3');
    const [b, a] = components;
    assert.deepEqual([b.group, b.name, b.purl], ['@scope', 'b', 'pkg:npm/%40scope/b@1.0.0']);
    assert.deepEqual(b.licenses, [{ expression: '(MIT OR Apache-2.0)' }]);
    assert.deepEqual(a.hashes, [{ alg: 'SHA-512', content: DIGEST.toString('hex') }]);
    assert.deepEqual(a.components[0].hashes, [{ alg: 'SHA-256', content: 'ab'.repeat(32) }]);
  });

  it('tells a time only when the build was told one', () => {
    const timestamp = sourceDate('1767225600');
    assert.match(sbomOf({ ...CONTENTS, packages: [], timestamp }), /"timestamp": "2026-01-01T00:00:00/);
    assert.equal(sourceDate(undefined), undefined);
    assert.equal(sourceDate('yesterday'), undefined);
  });
});
