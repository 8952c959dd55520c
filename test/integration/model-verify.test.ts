import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { makeKey } from '../fixtures/signing/publisher.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const EXPIRES = '2099-01-01';

describe('model sign, model verify and trust, as people use them', function () {
  this.timeout(60_000);
  let folder: string;
  let pkg: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openclaw-sign-'));
    pkg = join(folder, 'bearing-fault');
    await cp(join(ROOT, 'artifacts/bearing-fault'), pkg, {
      recursive: true,
      filter: (path) => !path.endsWith('.sig'),
    });
    for (const [name, curve] of [
      ['alice', 'P-256'],
      ['bob', 'P-384'],
      ['carol', 'P-521'],
    ] as const) {
      const { key, pub } = makeKey(curve);
      await writeFile(join(folder, `${name}.pem`), key);
      await writeFile(join(folder, `${name}.pub.pem`), pub);
    }
    ok('trust', 'init', 'trust.json', '--keys', 'alice.pub.pem,bob.pub.pem', '--threshold', '2');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('signs for one, cosigns for two, and verifies with 0', () => {
    refused('E_SIGNATURE_MISSING', 'model', 'verify', pkg, '--trust', 'trust.json');
    ok('model', 'sign', pkg, '--key', 'alice.pem', '--release', '7', '--expires', EXPIRES, '--groups', 'press,saw');
    const verify = ['model', 'verify', pkg, '--trust', 'trust.json', '--groups', 'saw'];
    refused('E_SIGNERS_TOO_FEW', ...verify);
    ok('model', 'sign', pkg, '--key', 'bob.pem', '--cosign');
    const verified = ok(...verify);
    assert.deepEqual([verified['name'], verified['release']], ['bearing-fault', 7]);
    assert.deepEqual(verified['signers'], ['alice', 'bob']);
    refused('E_RELEASE_OLD', ...verify, '--floor', '7');
    refused('E_RELEASE_FOREIGN', 'model', 'verify', pkg, '--trust', 'trust.json');
    ok('model', 'verify', pkg, '--trust', 'trust.json', '--groups', 'saw', '--floor', '9', '--installed');
  });

  it('names the fault of a changed package, with 1', async () => {
    ok('model', 'sign', pkg, '--key', 'alice.pem', '--release', '7', '--expires', EXPIRES);
    ok('model', 'sign', pkg, '--key', 'bob.pem', '--cosign');
    await appendFile(join(pkg, 'MODEL_CARD.md'), '!');
    refused('E_PACKAGE_CONTENT', 'model', 'verify', pkg, '--trust', 'trust.json');
  });

  it('lets a thing go back by a signed downgrade', () => {
    const downgrade = ['--downgrade-thing', 'edge-1', '--downgrade-floor', '9', '--downgrade-reason', 'cracks'];
    ok('model', 'sign', pkg, '--key', 'alice.pem', '--release', '7', '--expires', EXPIRES, ...downgrade);
    ok('model', 'sign', pkg, '--key', 'bob.pem', '--cosign');
    const verify = ['model', 'verify', pkg, '--trust', 'trust.json', '--floor', '9', '--thing'];
    assert.equal(ok(...verify, 'edge-1')['downgrade'], 'cracks');
    refused('E_RELEASE_OLD', ...verify, 'edge-2');
  });

  it('rotates the trust root once old and new keys agree', () => {
    const next = ['--keys', 'bob.pub.pem,carol.pub.pem', '--threshold', '2', '--after', 'trust.json'];
    assert.equal(ok('trust', 'init', 'next.json', ...next)['version'], 2);
    for (const name of ['bob', 'carol']) ok('trust', 'sign', 'next.json', '--key', `${name}.pem`);
    refused('E_TRUST_ROTATION', 'trust', 'rotate', 'trust.json', 'next.json');
    ok('trust', 'sign', 'next.json', '--key', 'alice.pem');
    assert.equal(ok('trust', 'rotate', 'trust.json', 'next.json')['version'], 2);

    ok('model', 'sign', pkg, '--key', 'carol.pem', '--release', '8', '--expires', EXPIRES, '--trust-version', '2');
    ok('model', 'sign', pkg, '--key', 'bob.pem', '--cosign');
    ok('model', 'verify', pkg, '--trust', 'trust.json');
  });

  it('verifies what openssl made the keys for', () => {
    const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'dave.pem');
    openssl('ec', '-in', 'dave.pem', '-pubout', '-out', 'dave.pub.pem');
    ok('trust', 'init', 'dave.json', '--keys', 'dave.pub.pem');
    ok('model', 'sign', pkg, '--key', 'dave.pem', '--release', '1', '--expires', EXPIRES);
    ok('model', 'verify', pkg, '--trust', 'dave.json');
  });

  it('tells what is missing on the command line', () => {
    refused('E_USAGE', 'model', 'verify', pkg);
    refused('E_USAGE', 'model', 'sign', pkg);
    refused('E_USAGE', 'model', 'sign', pkg, '--key', 'alice.pem', '--release', '1');
    refused('E_USAGE', 'model', 'sign', pkg, '--key', 'alice.pem', '--release', '1', '--expires', 'soon');
    refused('E_USAGE', 'trust', 'init', 'x.json');
    refused('E_FILE_MISSING', 'model', 'sign', pkg, '--key', 'nobody.pem');
    refused('E_FILE_MISSING', 'model', 'verify', pkg, '--trust', 'nobody.json');
    refused('E_FILE_MISSING', 'trust', 'init', 'x.json', '--keys', 'nobody.pem');
  });

  function ok(...args: readonly string[]): Record<string, unknown> {
    const { status, answer } = cli(args);
    assert.deepEqual([status, answer['ok']], [0, true], JSON.stringify(answer));
    return answer;
  }

  function refused(code: string, ...args: readonly string[]): void {
    const { status, answer } = cli(args);
    assert.equal((answer['error'] as { code: string } | undefined)?.code, code, JSON.stringify(answer));
    assert.equal(status, { E_USAGE: 2, E_FILE_MISSING: 3 }[code] ?? 1);
  }

  function cli(args: readonly string[]): { status: number | null; answer: Record<string, unknown> } {
    const entry = join(ROOT, 'bin/openclaw-edge.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...args, '--output', 'json'], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.notEqual(stdout, '', stderr);
    return { status, answer: JSON.parse(stdout) };
  }
});
