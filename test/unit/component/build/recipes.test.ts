import assert from 'node:assert/strict';
import { readRecipe, recipeMismatch } from '../../../../src/component/build/recipes.ts';

const FILE = 'recipes/com.example.Thing.yaml';
const TEXT = `RecipeFormatVersion: '2020-01-25'
ComponentName: com.example.Thing
ComponentVersion: '1.2.3'
Manifests:
  - Artifacts:
      - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/thing-1.2.3.zip
  - Artifacts:
      - Uri: s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/thing-1.2.3.zip
`;
const BUILT = { version: '1.2.3', from: 'package.json', artifacts: ['thing-1.2.3.zip'] };

describe('recipes that are built', () => {
  const read = (text = TEXT, file = FILE) => {
    const recipe = readRecipe(file, text);
    if (!recipe.ok) throw new Error(recipe.error.message);
    return recipe.value;
  };

  it('say what is built, each artifact once, and stay as they are written', () => {
    const { name, version, artifacts, text } = read();
    assert.deepEqual([name, version, artifacts], ['com.example.Thing', '1.2.3', ['thing-1.2.3.zip']]);
    assert.equal(text, TEXT);
    assert.equal(recipeMismatch(read(), BUILT), undefined);
  });

  it('are refused over 16 KB, which AWS does not take', () => {
    const room = 16 * 1024 - Buffer.byteLength(TEXT);
    assert.ok(readRecipe(FILE, `${TEXT}#${'x'.repeat(room - 1)}`).ok);
    const refused = readRecipe(FILE, `${TEXT}#${'x'.repeat(room)}`);
    assert.ok(!refused.ok && refused.error.code === 'E_COMPONENT_TOO_LARGE');
  });

  it('are refused under the name of another component, and without what a recipe needs', () => {
    for (const [file, text] of [
      ['recipes/com.example.Other.yaml', TEXT],
      [FILE, TEXT.replace('ComponentVersion', 'Version')],
      [FILE, '{'],
    ] as const) {
      const refused = readRecipe(file, text);
      assert.ok(!refused.ok && refused.error.code === 'E_COMPONENT_BUILD', text);
    }
  });

  it('say what to change when versions or artifacts differ', () => {
    const told = (built: Partial<typeof BUILT>) => recipeMismatch(read(), { ...BUILT, ...built }) ?? '';
    assert.match(told({ version: '1.2.4' }), /ComponentVersion 1\.2\.3, and package\.json has 1\.2\.4/);
    assert.match(told({ artifacts: [] }), /asks for thing-1\.2\.3\.zip/);
    assert.match(told({ artifacts: ['thing-1.2.3.zip', 'more.zip'] }), /no artifact more\.zip/);
  });
});
