import assert from 'node:assert/strict';
import { parseManifest } from '../../../src/package/manifest.ts';
import { tinyManifest } from '../../fixtures/packages/tiny-package.ts';

describe('manifest.json', () => {
  it('becomes a Manifest with the gates that it leaves out, and nothing lost', () => {
    const parsed = parseManifest(tinyManifest());
    assert.ok(parsed.ok, JSON.stringify(parsed));
    const { canary, watch, memoryBudgetBytes, ...gates } = parsed.value.gates;
    assert.deepEqual({ ...parsed.value, gates }, tinyManifest());
    assert.equal(memoryBudgetBytes, 512 * 1024 * 1024);
    assert.deepEqual(canary, { windows: 50, maxDisagreement: 0.2, deadlineMs: 600_000, maxExtensions: 3 });
    assert.deepEqual(watch, {
      windows: 200,
      durationMs: 600_000,
      maxErrorRate: 0.01,
      maxDrift: 0.25,
      maxAlarmRateJump: 3,
    });
  });

  it('keeps the gates that it states, and fills up the rest', () => {
    const manifest = tinyManifest();
    const gates = { ...manifest.gates, canary: { windows: 7 }, watch: { maxDrift: 0.1 } };
    const parsed = parseManifest({ ...manifest, gates });
    assert.ok(parsed.ok, JSON.stringify(parsed));
    assert.equal(parsed.value.gates.canary.windows, 7);
    assert.equal(parsed.value.gates.canary.maxExtensions, 3);
    assert.equal(parsed.value.gates.watch.maxDrift, 0.1);
  });

  it('may say how the answers of the model were distributed', () => {
    const manifest = tinyManifest();
    assert.equal(parseManifest(withReference(manifest, { shares: [0.9, 0.1] })).ok, true);
    const regression = {
      ...withReference(manifest, { edges: [1, 2.5], shares: [0.2, 0.5, 0.3] }, ['value']),
      task: 'regression',
    };
    assert.equal(parseManifest(regression).ok, true);
  });

  it('may leave sample rate and units out', () => {
    const { sampleRateHz: _, units: __, ...input } = tinyManifest().input;
    assert.equal(parseManifest({ ...tinyManifest(), input }).ok, true);
  });

  it('tells every problem at once, each with its path', () => {
    const manifest = tinyManifest();
    const message = refusal({
      ...manifest,
      version: 'latest',
      colour: 'blue',
      input: { ...manifest.input, window: 0, hop: 1.5 },
      variants: [{ ...manifest.variants[0], sha256: 'abc', size: 'huge' }],
    });
    for (const path of ['version: ', 'input.window: ', 'input.hop: ', 'variants[0].sha256: ', 'variants[0].size: ']) {
      assert.ok(message.includes(path), `${path} is missing in: ${message}`);
    }
    assert.match(message, /colour/);
  });

  const refused: [string, (manifest: ReturnType<typeof tinyManifest>) => unknown, RegExp][] = [
    ['a file in another folder', (m) => withFile(m, '../small.onnx'), /variants\[0\]\.file: must be a plain file name/],
    ['an absolute file', (m) => withFile(m, '/etc/passwd'), /variants\[0\]\.file/],
    ['a file of a sub-folder', (m) => withFile(m, 'sub/small.onnx'), /variants\[0\]\.file/],
    ['a file with a backslash', (m) => withFile(m, 'sub\\small.onnx'), /variants\[0\]\.file/],
    ['the folder itself as file', (m) => withFile(m, '..'), /variants\[0\]\.file/],
    [
      'two variants of one id',
      (m) => ({ ...m, variants: [m.variants[0], m.variants[0]] }),
      /variants\[1\]\.id: .* twice/,
    ],
    ['no variant', (m) => ({ ...m, variants: [] }), /variants: /],
    ['a label twice', (m) => ({ ...m, output: { ...m.output, labels: ['a', 'a'] } }), /output\.labels\[1\]: .* twice/],
    ['one class', (m) => ({ ...m, output: { ...m.output, labels: ['a'] } }), /labels: classification has at least two/],
    ['a regression with two values', (m) => ({ ...m, task: 'regression' }), /labels: regression has exactly one/],
    ['a window too large', (m) => ({ ...m, input: { ...m.input, window: 1_048_576 } }), /input\.window: .* over/],
    ['an unknown schema version', (m) => ({ ...m, schemaVersion: 2 }), /schemaVersion: /],
    ['an opset of the future', (m) => ({ ...m, requires: { opset: 99 } }), /requires\.opset: /],
    ['a tolerance that is no number', (m) => ({ ...m, gates: { ...m.gates, goldenTolerance: 'small' } }), /gates\./],
    [
      'a share above one',
      (m) => ({ ...m, gates: { ...m.gates, canary: { maxDisagreement: 2 } } }),
      /maxDisagreement: /,
    ],
    ['shares that are not one a label', (m) => withReference(m, { shares: [0.5, 0.25, 0.25] }), /3 shares for 2 bins/],
    ['shares that are no whole', (m) => withReference(m, { shares: [0.5, 0.2] }), /shares add up to 0\.7/],
    ['edges for labels', (m) => withReference(m, { edges: [1], shares: [0.5, 0.5] }), /labels for bins/],
    [
      'edges that fall',
      (m) => ({ ...withReference(m, { edges: [2, 1], shares: [0.2, 0.3, 0.5] }, ['v']), task: 'anomaly' }),
      /edges must rise/,
    ],
    [
      'no edges for a regression',
      (m) => ({ ...withReference(m, { shares: [0.5, 0.5] }, ['v']), task: 'regression' }),
      /needs the edges/,
    ],
    ['an unknown key deep inside', (m) => ({ ...m, gates: { ...m.gates, hope: 1 } }), /gates: .*hope/],
    ['no object at all', () => [1, 2], /\(document\): /],
  ];
  for (const [what, change, expected] of refused) {
    it(`is refused with ${what}`, () => assert.match(refusal(change(tinyManifest())), expected));
  }

  it('lists at most twenty problems and counts the rest', () => {
    const unknown = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`label${i}`, i]));
    const variants = Array.from({ length: 10 }, () => ({ ...unknown }));
    assert.match(refusal({ ...tinyManifest(), variants }), /; and \d+ more$/);
  });
});

function withFile(manifest: ReturnType<typeof tinyManifest>, file: string) {
  return { ...manifest, variants: [{ ...manifest.variants[0], file }] };
}

function withReference(manifest: ReturnType<typeof tinyManifest>, reference: object, labels = manifest.output.labels) {
  return { ...manifest, output: { ...manifest.output, labels, reference } };
}

function refusal(document: unknown): string {
  const parsed = parseManifest(document);
  assert.ok(!parsed.ok, 'the manifest was accepted');
  assert.equal(parsed.error.code, 'E_MANIFEST_INVALID');
  return parsed.error.message;
}
