import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Finding, lint } from '../../../../src/component/lint/lint.ts';
import { renderLintRules } from '../../../../src/component/lint/reference.ts';
import { RULES } from '../../../../src/component/lint/rules.ts';
import { readRecipe } from '../../../../src/component/recipe.ts';
import { FINE, PLANTED, plant } from './planted.ts';
import { AGENT, MODEL } from './recipes.ts';

/** Found by comparing recipes, not by looking at one. */
const OF_SEVERAL = ['stages-differ'];

const findingsOf = (...texts: string[]): Finding[] => lint(texts.map((text, at) => readRecipe(`${at}.yaml`, text)));
const told = (findings: readonly Finding[]) => findings.map(({ rule, line, problem }) => `${rule} ${line}: ${problem}`);

describe('component lint', () => {
  it('finds nothing in recipes without a fault', () => {
    assert.deepEqual(told(findingsOf(AGENT, MODEL)), []);
  });

  it('finds nothing in the recipes that are shipped, each alone and all together', () => {
    const folder = resolve(import.meta.dirname, '../../../../recipes');
    const texts = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    assert.ok(texts.length >= 3);
    for (const text of texts) assert.deepEqual(told(findingsOf(text)), []);
    assert.deepEqual(told(findingsOf(...texts)), []);
  });

  for (const planted of PLANTED) {
    it(`${planted.rule} is found: ${planted.what}`, () => {
      const text = plant(planted);
      const found = findingsOf(text).filter(({ rule }) => rule === planted.rule);
      assert.ok(found.length > 0, `only ${told(findingsOf(text))}`);
      const lines = found.map(({ line }) => text.split('\n')[line - 1] ?? '');
      const wanted = planted.line ?? planted.to.split('\n')[0]?.trim() ?? '';
      assert.ok(
        lines.some((line) => line.includes(wanted)),
        `names ${lines}`,
      );
    });
  }

  for (const fine of FINE) {
    it(`${fine.rule} is not found: ${fine.what}`, () => {
      const found = findingsOf(plant(fine)).filter(({ rule }) => rule === fine.rule);
      assert.deepEqual(told(found), []);
    });
  }

  it('has a planted mistake for every rule', () => {
    const planted = new Set([...PLANTED.map(({ rule }) => rule), ...OF_SEVERAL]);
    assert.deepEqual(
      RULES.map(({ id }) => id).filter((id) => !planted.has(id)),
      [],
    );
    assert.equal(new Set(RULES.map(({ id }) => id)).size, RULES.length);
  });

  it('says of each finding where it is, on which nucleus, why, and what to write instead', () => {
    const [found, ...more] = findingsOf(AGENT.replace('- Uri:', '- URI:'));
    assert.deepEqual(more, []);
    const { explanation, mend, ...where } = found as Finding;
    assert.deepEqual(where, {
      file: '0.yaml',
      line: 27,
      column: 9,
      rule: 'key-case',
      nuclei: 'lite',
      severity: 'error',
      problem: 'URI must be written Uri',
    });
    assert.ok(explanation.length > 0 && mend.length > 0);
  });

  it('names line and column inside a script', () => {
    const [found] = findingsOf(AGENT.replace('bin/openclaw-edge doctor', 'df | awk "{print}"'));
    assert.deepEqual([found?.rule, found?.line, found?.column], ['brace-in-script', 39, 21]);
  });

  it('holds versions of one component against each other', () => {
    const next = MODEL.replace("'1.2.3'", "'1.3.0'");
    assert.deepEqual(told(findingsOf(MODEL, next)), []);
    const without = next.replace(/ {6}install:\n.*\n/, '');
    const found = findingsOf(MODEL, without).filter(({ file }) => file === '1.yaml');
    assert.deepEqual(told(found), ['stages-differ 8: has startup; version 1.2.3 in 0.yaml has install, startup']);
  });

  it('finds the id of a policy in another component', () => {
    const other = AGENT.replace('ComponentName: com.example.Agent', 'ComponentName: com.example.Other');
    assert.deepEqual(new Set(findingsOf(AGENT, other).map(({ rule }) => rule)), new Set(['access-policy-id']));
  });

  it('tells one slip once, and reads the rest as it was meant', () => {
    const loud = AGENT.replace('      install:\n', '      INSTALL:\n').replace('    Platform:\n', '    PLATFORM:\n');
    assert.deepEqual(
      findingsOf(loud).map(({ rule }) => rule),
      ['key-case', 'key-case'],
    );
  });

  it('reads recipes in JSON', () => {
    const recipe = { RecipeFormatVersion: '2020-01-25', componentname: 'a', ComponentVersion: '1.0.0' };
    const rules = findingsOf(JSON.stringify(recipe)).map(({ rule }) => rule);
    assert.ok(rules.includes('key-case') && rules.includes('manifest-missing'), String(rules));
  });

  for (const text of [
    '',
    '3',
    '[]',
    '- a',
    'a: [',
    'Manifests: 3',
    'Manifests: [3, [], null]',
    'Lifecycle: {run: 3}',
    '{}',
  ]) {
    it(`finds something, and does not fail, in ${JSON.stringify(text)}`, () => {
      assert.ok(findingsOf(text).length > 0);
    });
  }

  it('is documented rule by rule', () => {
    const page = renderLintRules();
    for (const { id, explanation, mend } of RULES) {
      assert.ok(page.includes(`## ${id}\n`) && page.includes(explanation) && page.includes(mend), id);
    }
  });
});
