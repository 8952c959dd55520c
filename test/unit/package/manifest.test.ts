import assert from 'node:assert/strict';
import { parseManifest } from '../../../src/package/manifest.ts';
import { tinyManifest } from '../../fixtures/packages/tiny-package.ts';

describe('manifest.json', () => {
  it('becomes a Manifest with nothing added and nothing lost', () => {
    const parsed = parseManifest(tinyManifest());
    assert.deepEqual(parsed, { ok: true, value: tinyManifest() });
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

function refusal(document: unknown): string {
  const parsed = parseManifest(document);
  assert.ok(!parsed.ok, 'the manifest was accepted');
  assert.equal(parsed.error.code, 'E_MANIFEST_INVALID');
  return parsed.error.message;
}
