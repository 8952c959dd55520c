import assert from 'node:assert/strict';
import { parse } from 'yaml';
import { CLOUD_PARTS_AN_ARTIFACT, liteParts } from '../../../src/domain/nucleus-lite.ts';
import { Layout } from '../../../src/sim/nucleus/layout.ts';
import { readRecipe } from '../../../src/sim/nucleus/read-recipe.ts';
import type { Machine } from '../../../src/sim/nucleus/recipe.ts';

const CLASSIC: Machine = { mode: 'classic', architecture: 'aarch64' };
const LITE: Machine = { mode: 'lite', architecture: 'aarch64' };

const RECIPE = `
RecipeFormatVersion: "2020-01-25"
ComponentName: com.a
ComponentVersion: 1.0.0
ComponentConfiguration: { DefaultConfiguration: { rate: 300, on: true, name: x } }
ComponentDependencies: { com.b: { VersionRequirement: ">=1.0.0", DependencyType: SOFT } }
Manifests:
  - Platform: { os: linux, architecture: amd64, runtime: "*" }
    Lifecycle: { run: wrong machine }
  - Platform: { os: linux, architecture: aarch64, runtime: "*" }
    Artifacts: [{ Uri: s3://b/x.zip, Unarchive: ZIP, Permission: { Read: ALL, Execute: OWNER } }]
    Lifecycle:
      install: { Script: do it, Timeout: 5, Setenv: { A: b } }
      run: here
      shutdown: bye
`;

describe('Recipes as the nuclei read them', () => {
  it('give the manifest of this machine, its stages and its artifacts', () => {
    for (const machine of [CLASSIC, LITE]) {
      const { name, version, dependencies, lifecycle, artifacts } = readRecipe(RECIPE, 'yaml', machine);
      assert.deepEqual([name, version], ['com.a', '1.0.0']);
      assert.deepEqual(dependencies, { 'com.b': { requirement: '>=1.0.0', type: 'SOFT' } });
      assert.deepEqual(lifecycle.stages.install, {
        script: 'do it',
        timeoutSec: 5,
        setenv: { A: 'b' },
        skipIf: undefined,
      });
      assert.equal(lifecycle.stages.run?.script, 'here');
      assert.equal(artifacts[0]?.mode, 0o554);
      assert.equal(artifacts[0]?.unarchive, 'ZIP');
    }
  });

  it('have numbers on classic, and text on lite', () => {
    assert.deepEqual(readRecipe(RECIPE, 'yaml', CLASSIC).defaults, { rate: 300, on: true, name: 'x' });
    assert.deepEqual(readRecipe(RECIPE, 'yaml', LITE).defaults, { rate: '300', on: 'true', name: 'x' });
  });

  it('have 255 keys, values and items at most on lite, with the digests of the cloud', () => {
    const withItems = (items: number) => RECIPE.replace('rate: 300', `rate: [${'1, '.repeat(items - 1)}1]`);
    const room = 255 - liteParts(parse(RECIPE)) - CLOUD_PARTS_AN_ARTIFACT;
    assert.equal((readRecipe(withItems(room), 'yaml', LITE).defaults['rate'] as unknown[]).length, room);
    const reason = /has 256 keys, values and items, more than the 255 that are read/;
    assert.throws(() => readRecipe(withItems(room + 1), 'yaml', LITE), reason);
    assert.equal(readRecipe(withItems(room + 1), 'yaml', CLASSIC).name, 'com.a');
  });

  it('lose their shutdown on lite, with a word', () => {
    assert.equal(readRecipe(RECIPE, 'yaml', CLASSIC).lifecycle.stages.shutdown?.script, 'bye');
    const { lifecycle, warnings } = readRecipe(RECIPE, 'yaml', LITE);
    assert.equal(lifecycle.stages.shutdown, undefined);
    assert.deepEqual(warnings, ['lite does not run the stage shutdown']);
  });

  const rows: readonly [what: string, machine: Machine, from: string | RegExp, to: string, reason: RegExp][] = [
    [
      'a manifest for no machine like this',
      CLASSIC,
      /aarch64/g,
      'arm',
      /no manifest of the recipe is for linux on aarch64/,
    ],
    ['a manifest without runtime, on lite', LITE, /, runtime: "\*"/g, '', /Platform\.runtime is missing/],
    ['a manifest without Platform, on lite', LITE, /Platform: {[^}]*}/, 'Name: x', /a manifest has no Platform/],
    ['a key in another case, on lite', LITE, 'ComponentName', 'componentName', /no ComponentName/],
    ['a Uri in another case, on lite', LITE, 'Uri:', 'URI:', /an artifact has no Uri/],
    ['a stage as a list, on lite', LITE, 'run: here', 'run: [a, b]', /stage run is neither a text nor a map/],
    ['a Timeout that is no number, on lite', LITE, 'Timeout: 5', 'Timeout: 5s', /Timeout of install/],
    ['a Setenv key with a dash, on lite', LITE, '{ A: b }', '{ A-B: b }', /Setenv has the key A-B/],
    ['a version that is none', CLASSIC, '1.0.0', 'v1.0.0', /ComponentVersion v1\.0\.0 is no semantic version/],
    ['a format of the future', CLASSIC, '2020-01-25', '2030-01-01', /RecipeFormatVersion 2030/],
    ['a permission that is none', CLASSIC, 'Read: ALL', 'Read: ROOT', /permission ROOT/],
    ['more than 8,196 bytes, on lite', LITE, 'do it', 'x'.repeat(8_196), /more than the 8196 that are read/],
    ['no YAML', CLASSIC, 'ComponentName: com.a', '{', /cannot be parsed/],
  ];
  for (const [what, machine, from, to, reason] of rows) {
    it(`with ${what} are refused`, () => {
      const text = RECIPE.replace(from, to);
      assert.notEqual(text, RECIPE);
      assert.throws(() => readRecipe(text, 'yaml', machine), reason);
    });
  }
});

describe('Folders of a nucleus', () => {
  it('have their socket elsewhere when the path is too long for one, always at the same place', () => {
    const long = `/tmp/${'x'.repeat(120)}`;
    assert.equal(new Layout('/gg').ipcSocket, '/gg/ipc.socket');
    assert.equal(new Layout('/gg', 'lite').ipcSocket, '/gg/gg-ipc.socket');
    assert.ok(Buffer.byteLength(new Layout(long).ipcSocket) <= 107);
    assert.equal(new Layout(long).ipcSocket, new Layout(long).ipcSocket);
    assert.notEqual(new Layout(long).ipcSocket, new Layout(`${long}y`).ipcSocket);
  });
});
