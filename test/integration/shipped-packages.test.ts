import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { scoresOf } from '../../bench/accuracy/scores.ts';
import { inspectGraph } from '../../src/package/graph.ts';
import { type ModelPackage, openPackage, readVariant } from '../../src/package/load.ts';
import { loadTrust } from '../../src/package/trust.ts';
import { FolderVerifier } from '../../src/package/verify.ts';

const ARTIFACTS = join(import.meta.dirname, '../../artifacts');
/** What the cards promise of the file sizes, bytes. */
const SIZE_LIMIT = { small: 600_000, large: 5_000_000 } as const;

for (const name of ['bearing-fault', 'turbofan-rul']) {
  describe(`The shipped package ${name}`, () => {
    let pkg: ModelPackage;
    before(async () => {
      const opened = await openPackage(join(ARTIFACTS, name));
      assert.ok(opened.ok, JSON.stringify(opened));
      pkg = opened.value;
    });

    it('has the name of its folder, a card, and no file besides', async () => {
      assert.equal(pkg.manifest.name, name);
      const models = pkg.manifest.variants.map((variant) => variant.file);
      const files = await readdir(pkg.folder);
      const others = ['MODEL_CARD.md', 'golden.json', 'manifest.json', 'model.sig', 'release.sig'];
      assert.deepEqual(files.sort(), [...others, ...models].sort());
    });

    it('is what its publisher signed and released, to the last byte', async () => {
      const verifier = new FolderVerifier({ trust: () => loadTrust(join(ARTIFACTS, 'trust.json')) });
      const context = { nowMs: Date.now(), releaseFloor: 0, groups: [], thing: 'any', newInstall: true };
      const verified = await verifier.verify(pkg.folder, context);
      assert.ok(verified.ok, JSON.stringify(verified));
      const { name, version, release } = verified.value.ref;
      assert.deepEqual([name, version, release], [pkg.manifest.name, pkg.manifest.version, 1]);
    });

    it('has a small and a large variant, each within its size and under its digest', async () => {
      assert.deepEqual(pkg.manifest.variants.map((variant) => variant.id).sort(), ['large', 'small']);
      for (const { id, size } of pkg.manifest.variants) {
        const read = await readVariant(pkg, id);
        assert.ok(read.ok, JSON.stringify(read));
        assert.ok(read.value.bytes.length <= SIZE_LIMIT[size], `${id} has ${read.value.bytes.length} bytes`);
      }
    });

    it('holds graphs that take and give what the manifest says, with standard operators only', async () => {
      const { input, output, requires, variants } = pkg.manifest;
      const row = input.channelAxis ? [input.window, input.channels.length] : [input.window * input.channels.length];
      for (const { id } of variants) {
        const read = await readVariant(pkg, id);
        assert.ok(read.ok);
        const graph = inspectGraph(read.value.bytes);
        assert.ok(graph.ok);
        assert.deepEqual(graph.value.inputs, [{ name: input.name, dtype: 'float32', shape: ['batch', ...row] }]);
        const scores = { name: output.name, dtype: 'float32', shape: ['batch', output.labels.length] };
        assert.deepEqual(graph.value.outputs, [scores]);
        assert.deepEqual(graph.value.opsets, { 'ai.onnx': requires.opset });
      }
    });

    it('answers its golden cases within its own tolerance', async () => {
      const samples = pkg.golden.map(({ input }) => ({ input: Float32Array.from(input), truth: 0 }));
      for (const { id } of pkg.manifest.variants) {
        const answers = await scoresOf(pkg, id, samples);
        assert.ok(answers.ok, JSON.stringify(answers));
        const due = pkg.golden.map(({ scores }) => scores[id] ?? []);
        const worst = Math.max(
          ...answers.value.flatMap((row, i) => [...row].map((v, k) => Math.abs(v - (due[i]?.[k] ?? Number.NaN)))),
        );
        assert.ok(worst <= pkg.manifest.gates.goldenTolerance, `${id} is off by ${worst}`);
      }
    });
  });
}
