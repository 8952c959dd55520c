import assert from 'node:assert/strict';
import { parseConfig } from '../../../src/config/load.ts';
import { planReload } from '../../../src/config/reload.ts';

const BEFORE = `
agents:
  - name: a
    model: {package: turbofan-rul}
    decisions:
      alarms:
        - {name: low, direction: below, raise: 30}
        - {name: lower, direction: below, raise: 10}
  - name: b
`;

/** The plan from BEFORE to the same text with replacements. */
function plan(...replacements: readonly (readonly [from: string, to: string])[]) {
  const after = replacements.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), from);
    return text.replace(from, to);
  }, BEFORE);
  return planReload(config(BEFORE), config(after));
}

function config(text: string) {
  const checked = parseConfig(text);
  assert.ok(checked.ok, checked.ok ? '' : checked.error.message);
  return checked.value;
}

const NEXT_START = 'takes effect at the next start';

describe('a reload', () => {
  it('has nothing to do where nothing changed', () => {
    assert.deepEqual(plan(), { applied: [], refused: [] });
  });

  it('takes up other limits of an alarm, field by field', () => {
    assert.deepEqual(plan(['raise: 30', 'raise: 25, clear: 35']), {
      applied: ['agents[0].decisions.alarms[0].raise', 'agents[0].decisions.alarms[0].clear'],
      refused: [],
    });
  });

  it('takes up rules that come and go, and another floor', () => {
    assert.deepEqual(plan(['        - {name: lower, direction: below, raise: 10}\n', '']).applied, [
      'agents[0].decisions.alarms[1]',
    ]);
    const grown = plan(['- name: b', '- name: b\n    decisions: {floor: 0.7, alarms: []}']);
    assert.deepEqual(grown, { applied: ['agents[1].decisions.floor', 'agents[1].decisions.alarms[0]'], refused: [] });
  });

  it('takes up another level of the log', () => {
    assert.deepEqual(plan(['\nagents', '\nlog: {level: debug}\nagents']), { applied: ['log.level'], refused: [] });
  });

  for (const [path, from, to] of [
    ['stateDir', '\nagents', '\nstate: elsewhere\nagents'],
    ['agents[1].window.maxKeys', '- name: b', '- {name: b, window: {maxKeys: 7}}'],
    ['agents[1].queue.max', '- name: b', '- {name: b, queue: {max: 7}}'],
    ['shadow.enabled', '\nagents', '\nshadow: {enabled: false}\nagents'],
  ] as const) {
    it(`leaves ${path} to the next start, and says so`, () => {
      assert.deepEqual(plan([from, to]), { applied: [], refused: [{ path, reason: NEXT_START }] });
    });
  }

  it('does what it can of several changes', () => {
    const { applied, refused } = plan(['raise: 30', 'raise: 25'], ['\nagents', '\nmetrics: {port: 9464}\nagents']);
    assert.deepEqual(applied, ['agents[0].decisions.alarms[0].raise', 'agents[0].decisions.alarms[0].clear']);
    assert.deepEqual(
      refused.map(({ path }) => path),
      ['metrics.port'],
    );
  });

  for (const [what, from, to] of [
    ['comes', '- name: b', '- name: b\n  - name: c'],
    ['goes', '  - name: b\n', ''],
    ['gets another name', '- name: b', '- name: c'],
  ] as const) {
    it(`takes up nothing at all where an agent ${what}`, () => {
      const { applied, refused } = plan([from, to], ['raise: 30', 'raise: 25']);
      assert.deepEqual(applied, []);
      assert.deepEqual(
        refused.map(({ path }) => path),
        ['agents'],
      );
    });
  }
});
