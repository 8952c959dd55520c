import assert from 'node:assert/strict';
import { parseConfig } from '../../../src/config/load.ts';

/** Text, and what must be said of it. */
const BROKEN: readonly [name: string, text: string, problem: RegExp, place: string | undefined][] = [
  ['an open list', 'agents: [1', /must be sufficiently indented and end with a \]/, '1:11'],
  ['a key that is there twice', 'thing: a\nthing: b\nagents: [{name: a}]', /Map keys must be unique/, '2:1'],
  ['tabs', 'agents:\n\t- name: a', /Tabs are not allowed/, '2:1'],
  ['two documents', 'agents: [{name: a}]\n---\nagents: []', /multiple documents/, '2:1'],
  ['an unknown tag', 'thing: !secret x\nagents: [{name: a}]', /Unresolved tag: !secret/, '1:8'],
  ['an alias without an anchor', 'agents: *there', /Unresolved alias/, undefined],
  ['the nesting of a madman', '['.repeat(200_000), /more than 64 brackets/, undefined],
  ['a text that never ends', `thing: ${'a'.repeat(300_000)}`, /longer than 262144 characters/, undefined],
];

describe('text that is not one YAML document', () => {
  for (const [name, text, problem, place] of BROKEN) {
    it(`is refused: ${name}`, () => {
      const checked = parseConfig(text);
      assert.ok(!checked.ok);
      assert.equal(checked.error.code, 'E_CONFIG_SYNTAX');
      const [first] = checked.problems;
      assert.match(first?.problem ?? '', problem);
      if (place !== undefined) assert.equal(`${first?.line}:${first?.column}`, place);
      assert.doesNotMatch(checked.error.message, /\n/);
    });
  }

  it('tells every syntax error', () => {
    const checked = parseConfig('thing: !a x\nthing: !b y\n');
    assert.ok(!checked.ok);
    assert.deepEqual(checked.problems.map(({ line }) => line).sort(), [1, 2, 2]);
  });

  it('is refused when its aliases would unfold into a billion laughs', () => {
    const levels = ['lol0: &lol0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
    for (let i = 1; i < 10; i++)
      levels.push(
        `lol${i}: &lol${i} [${Array(10)
          .fill(`*lol${i - 1}`)
          .join(', ')}]`,
      );
    const checked = parseConfig(levels.join('\n'));
    assert.ok(!checked.ok);
    assert.equal(checked.error.code, 'E_CONFIG_SYNTAX');
    assert.match(checked.problems[0]?.problem ?? '', /alias/);
  });

  it('is refused when a list holds itself', () => {
    const checked = parseConfig('agents: &all [*all]');
    assert.ok(!checked.ok);
  });
});
