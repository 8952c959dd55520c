import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scoresOf } from '../../bench/accuracy/scores.ts';
import { type DemoPackages, makePackages } from '../../scripts/demo/packages.ts';
import { type ModelPackage, openPackage } from '../../src/package/load.ts';
import { loadTrust } from '../../src/package/trust.ts';
import { FolderVerifier } from '../../src/package/verify.ts';

describe('The packages of the demo', () => {
  let folder: string;
  let made: DemoPackages;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openclaw-demo-packages-'));
    made = await makePackages(folder);
  });
  after(() => rm(folder, { recursive: true }));

  for (const [index, version] of ['1.0.0', '1.1.0', '1.2.0'].entries()) {
    it(`hold ${version}, signed as release ${index + 1}, which answers its own golden cases`, async () => {
      const verified = await verify(version);
      assert.ok(verified.ok, JSON.stringify(verified));
      const { name, version: signed, release } = verified.value.ref;
      assert.deepEqual([name, signed, release], ['bearing-fault', version, index + 1]);

      const pkg = await opened(version);
      const answers = await goldenAnswers(pkg);
      const due = pkg.golden.map(({ scores }) => scores['small'] ?? []);
      assert.ok(due.length > 0);
      const worst = Math.max(...due.flatMap((row, i) => row.map((v, k) => Math.abs(v - (answers[i]?.[k] ?? NaN)))));
      assert.ok(worst <= pkg.manifest.gates.goldenTolerance, `off by ${worst}`);
    });
  }

  it('hold a 1.2.0 that answers as 1.1.0 does, with inner race and ball mixed up', async () => {
    const better = await goldenAnswers(await opened('1.1.0'));
    const worse = await goldenAnswers(await opened('1.2.0'));
    const mixed = better.map(([normal, inner, outer, ball]) => [normal, ball, outer, inner]);
    assert.deepEqual(worse, mixed);
    assert.notDeepEqual(worse, better);
  });

  it('hold a 1.3.0 that was changed after it was signed', async () => {
    const verified = await verify('1.3.0');
    assert.ok(!verified.ok);
    assert.equal(verified.error.code, 'E_PACKAGE_CONTENT');
    assert.match(verified.error.message, /small\.onnx/);
  });

  function verify(version: string) {
    const verifier = new FolderVerifier({ trust: () => loadTrust(made.trust) });
    const context = { nowMs: Date.now(), releaseFloor: 0, groups: [], thing: 'demo-press', newInstall: true };
    return verifier.verify(made.folders[version] ?? '', context);
  }

  async function opened(version: string): Promise<ModelPackage> {
    const pkg = await openPackage(made.folders[version] ?? '');
    assert.ok(pkg.ok, JSON.stringify(pkg));
    return pkg.value;
  }
});

async function goldenAnswers(pkg: ModelPackage): Promise<readonly number[][]> {
  const samples = pkg.golden.map(({ input }) => ({ input: Float32Array.from(input), truth: 0 }));
  const answers = await scoresOf(pkg, 'small', samples);
  assert.ok(answers.ok, JSON.stringify(answers));
  return answers.value.map((row) => [...row]);
}
