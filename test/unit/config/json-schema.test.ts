import assert from 'node:assert/strict';
import { configJsonSchema, type FieldRow, fieldRows } from '../../../src/config/json-schema.ts';
import { checkConfig } from '../../../src/config/load.ts';

/** Everything that is required, and one of everything that may be there several times. */
function minimal(): Record<string, unknown> {
  return {
    agents: [
      {
        name: 'a',
        inputs: [{ topic: 'sensors/+/vibration', time: { pointer: '/ts' } }],
        decisions: { alarms: [{ name: 'r', raise: 0.5 }] },
      },
    ],
  };
}

/** What a field needs around it to have a meaning. */
function base(path: string): Record<string, unknown> {
  if (path.startsWith('rollouts.')) return { ...minimal(), rollouts: { trust: 'trust.json' } };
  if (!path.startsWith('bus.tls.')) return minimal();
  return { ...minimal(), bus: { url: 'mqtts://b', tls: { ca: 'system' } } };
}

describe('the JSON Schema of the configuration', () => {
  const withDefault = fieldRows().filter(({ schema }) => schema.default !== undefined);

  it('has defaults at all', () => assert.ok(withDefault.length > 40, String(withDefault.length)));

  for (const { path, schema } of withDefault) {
    it(`tells the real default of ${path}: ${JSON.stringify(schema.default)}`, () => {
      const left = checkConfig(withField(base(path), path, undefined));
      const given = checkConfig(withField(base(path), path, schema.default));
      assert.ok(left.ok && given.ok, JSON.stringify([left, given]));
      assert.deepEqual(given.value, left.value);
    });
  }

  it('explains every field, and says whether a reload takes it over', () => {
    const silent = fieldRows().filter(({ schema }) => !schema.description || schema.reloadable === undefined);
    assert.deepEqual(silent.map(pathOf), []);
  });

  it('knows no key of which the configuration knows nothing, in any section', () => {
    assert.match(JSON.stringify(configJsonSchema()), /"additionalProperties":false/);
    const sections = fieldRows().filter(({ schema }) => schema.properties !== undefined);
    assert.ok(sections.length > 15);
    for (const { schema } of sections) assert.match(JSON.stringify(schema), /"additionalProperties":false/);
  });

  it('lists the fields of sections, of items and of choices', () => {
    const paths = fieldRows().map(pathOf);
    for (const path of ['bus.tls.ca', 'agents[].inputs[].time.pointer', 'agents[].decisions.alarms[].action.topic']) {
      assert.ok(paths.includes(path), path);
    }
  });

  it('lets editors check sizes and durations', () => {
    const memory = fieldRows().find(({ path }) => path === 'agents[].resources.memory');
    const pattern = memory?.schema.anyOf?.find((choice) => choice.pattern !== undefined)?.pattern;
    assert.ok(pattern !== undefined && new RegExp(pattern).test('4GB') && !new RegExp(pattern).test('4Gb'));
  });
});

function pathOf({ path }: FieldRow): string {
  return path;
}

/** Sets `agents[].a.b` in the first item of each list, making what is missing; undefined leaves the field out. */
function withField(root: Record<string, unknown>, path: string, value: unknown): Record<string, unknown> {
  const keys = path.replaceAll('[]', '.0').split('.');
  const last = keys.pop() ?? '';
  let at = root;
  for (const key of keys) {
    at[key] ??= {};
    at = at[key] as Record<string, unknown>;
  }
  if (value === undefined) delete at[last];
  else at[last] = value;
  return root;
}
