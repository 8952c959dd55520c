import assert from 'node:assert/strict';
import { isVersion, satisfies } from '../../../src/sim/nucleus/versions.ts';

describe('Version requirements of recipes', () => {
  const rows: readonly [string, string, classic: boolean, lite: boolean][] = [
    ['1.2.0', '1.2.0', true, true],
    ['1.2.0', '=1.2.0', true, true],
    ['1.2.0', '>=1.0.0 <2.0.0', true, true],
    ['2.0.0', '>=1.0.0 <2.0.0', false, false],
    ['1.10.0', '>1.9.0', true, true],
    // Lite knows comparisons only: in these it finds no version at all.
    ['1.2.0', '^1.0.0', true, false],
    ['2.0.0', '^1.0.0', false, false],
    ['1.2.9', '~1.2.0', true, false],
    ['1.3.0', '~1.2.0', false, false],
    ['1.2.0', '*', true, false],
    ['1.2.0', '1.x', true, false],
    ['3.0.0', '1.0.0 || 3.0.0', true, false],
    ['0.2.5', '^0.2.3', true, false],
    ['0.3.0', '^0.2.3', false, false],
    ['2.0.0-rc.1', '^1.0.0', false, false],
    ['1.5.0', '1.0.0 - 2.0.0', true, false],
  ];
  for (const [version, requirement, classic, lite] of rows) {
    it(`${version} in ${requirement}: ${classic} on classic, ${lite} on lite`, () => {
      assert.equal(satisfies('classic', version, requirement), classic);
      assert.equal(satisfies('lite', version, requirement), lite);
    });
  }

  it('refuses on classic what it cannot read', () => {
    assert.throws(() => satisfies('classic', '1.0.0', 'latest'), /cannot read the version requirement latest/);
  });

  it('knows semantic versions', () => {
    for (const good of ['0.0.0', '1.2.3-rc.1', '1.2.3+b.5']) assert.ok(isVersion(good), good);
    for (const bad of ['1.2', '01.2.3', 'v1.2.3', '1.2.3-', '../1.2.3']) assert.ok(!isVersion(bad), bad);
  });
});
