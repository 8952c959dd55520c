import assert from 'node:assert/strict';
import { parseGolden } from '../../../src/package/golden.ts';
import { parseManifest } from '../../../src/package/manifest.ts';
import { tinyGolden, tinyManifest } from '../../fixtures/packages/tiny-package.ts';

describe('golden.json', () => {
  const parsed = parseManifest(tinyManifest());
  assert.ok(parsed.ok);
  const manifest = parsed.value;
  const [rest] = tinyGolden();

  it('becomes the cases as they are written', () => {
    assert.deepEqual(parseGolden(tinyGolden(), manifest), { ok: true, value: tinyGolden() });
  });

  const refused: [string, unknown, RegExp][] = [
    ['no case', [], /golden\.json: \(document\): /],
    ['an input of another length', [{ ...rest, input: [1, 2, 3] }], /\[0\]\.input: must hold 4 numbers/],
    ['an input that is not finite', [{ ...rest, input: [1, 2, 3, Number.NaN] }], /\[0\]\.input\[3\]: /],
    ['a null among the numbers', [{ ...rest, input: [1, 2, 3, null] }], /\[0\]\.input\[3\]: /],
    ['a score too few', [{ ...rest, scores: { small: [1], large: [1, 0] } }], /\[0\]\.scores\.small: must hold 2/],
    ['a variant without scores', [{ ...rest, scores: { small: [1, 0] } }], /\[0\]\.scores\.large: /],
    ['scores of an unknown variant', [{ ...rest, scores: { ...rest?.scores, huge: [1, 0] } }], /huge/],
    ['more cases than a load may take', Array.from({ length: 65 }, () => rest), /\(document\): /],
  ];
  for (const [what, document, expected] of refused) {
    it(`is refused with ${what}`, () => {
      const result = parseGolden(document, manifest);
      assert.ok(!result.ok, 'the golden cases were accepted');
      assert.equal(result.error.code, 'E_MANIFEST_INVALID');
      assert.match(result.error.message, expected);
    });
  }
});
