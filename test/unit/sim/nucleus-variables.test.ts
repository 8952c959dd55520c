import assert from 'node:assert/strict';
import { Layout } from '../../../src/sim/nucleus/layout.ts';
import { resolveClassic, resolveLite, type VariableScope } from '../../../src/sim/nucleus/variables.ts';

const CONFIGURATION: Readonly<
  Record<string, { readonly [key: string]: string | number | boolean | { readonly b: string } }>
> = {
  'com.a': { rate: 300, half: 0.5, text: 'x', on: true, map: { b: 'c' } },
  'com.b': { port: 1 },
};

const scope: VariableScope = {
  layout: new Layout('/gg'),
  thing: 'press-7',
  name: 'com.a',
  version: '1.0.0',
  configuration: (component, path) => {
    const [key = '', ...rest] = path;
    const value = CONFIGURATION[component]?.[key];
    return rest.length === 0 ? value : undefined;
  },
  dependencies: { 'com.b': '2.0.0' },
};

describe('Recipe variables', () => {
  it('mean folders, the thing and configuration on classic, and a number is a double', () => {
    const text = '{work:path} {artifacts:path} {artifacts:decompressedPath} {kernel:rootPath} {iot:thingName}';
    assert.equal(
      resolveClassic(text, scope),
      '/gg/work/com.a /gg/packages/artifacts/com.a/1.0.0 /gg/packages/artifacts-unarchived/com.a/1.0.0 /gg press-7',
    );
    assert.equal(
      resolveClassic('{configuration:/rate} {configuration:/half} {configuration:/on} {configuration:/map}', scope),
      '300.0 0.5 true {"b":"c"}',
    );
  });

  it('of direct dependencies are known on classic, of others they stay', () => {
    assert.equal(
      resolveClassic('{com.b:artifacts:path} {com.b:configuration:/port} {com.c:artifacts:path}', scope),
      '/gg/packages/artifacts/com.b/2.0.0 1.0 {com.c:artifacts:path}',
    );
  });

  it('that are none stay as they are on classic', () => {
    const script = "for f in *; do { echo $f; awk '{print $1}'; }; done; echo {f} {nothing:here} {configuration:/no}";
    assert.equal(resolveClassic(script, scope), script);
  });

  it('name folders with a slash at the end on lite', () => {
    assert.deepEqual(resolveLite('{work:path}x {artifacts:path}y {kernel:rootPath} {configuration:/rate}', scope), {
      text: '/gg/work/com.a/x /gg/packages/artifacts/com.a/1.0.0/y /gg 300',
      cutOff: undefined,
    });
  });

  it('that are none end a script on lite', () => {
    for (const bad of ['{HOME}', '{ echo; }', '{com.b:artifacts:path}', '{configuration:/no}', '{unclosed']) {
      const { text, cutOff } = resolveLite(`before ${bad} after`, scope);
      assert.equal(text, 'before ', bad);
      assert.match(cutOff ?? '', /does not know/);
    }
  });
});
