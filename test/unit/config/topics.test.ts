import assert from 'node:assert/strict';
import { filterProblem, mayMatch, templateProblem } from '../../../src/config/topics.ts';
import { nearest } from '../../../src/domain/nearest.ts';

describe('a topic filter', () => {
  for (const filter of ['a', '/', '#', '+', 'a/+/b', 'a/#', '/a/', '$aws/things/+/shadow', 'Straße/温度']) {
    it(`may be ${filter}`, () => assert.equal(filterProblem(filter), undefined));
  }
  for (const filter of ['', 'a#', '#/a', 'a/#/b', 'a+', '+a/b', 'a\0b', 'a\nb', '\ud800', 'x'.repeat(1025)]) {
    it(`may not be ${JSON.stringify(filter.slice(0, 20))}`, () => assert.notEqual(filterProblem(filter), undefined));
  }
});

describe('a topic to publish to', () => {
  for (const template of ['a/b', 'dt/{thing}/{agent}/{key}', 'x-{key}/y', '$aws/rules/r/t']) {
    it(`may be ${template}`, () => assert.equal(templateProblem(template), undefined));
  }
  for (const template of ['', 'a/+', 'a/#', '{Thing}', 'a/{key', 'a/}']) {
    it(`may not be ${template}`, () => assert.notEqual(templateProblem(template), undefined));
  }
});

describe('a filter and what an agent publishes', () => {
  const names = { thing: 'press', agent: 'a' };
  const pairs: [filter: string, template: string, meet: boolean][] = [
    ['a/b', 'a/b', true],
    ['a/b', 'a/c', false],
    ['a/+', 'a/{key}', true],
    ['a/x', 'a/{key}', true],
    ['a/x-1', 'a/x-{key}', true],
    ['a/y-1', 'a/x-{key}', false],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a/b/c', true],
    ['a/#', 'a', true],
    ['a/b/#', 'a', false],
    ['#', 'dt/{thing}', true],
    ['dt/press/a', 'dt/{thing}/{agent}', true],
    ['dt/other/a', 'dt/{thing}/{agent}', false],
    ['#', '$aws/x', false],
    ['+/x', '$aws/x', false],
    ['$aws/#', '$aws/x', true],
  ];
  for (const [filter, template, meet] of pairs) {
    it(`${meet ? 'meet' : 'never meet'}: ${filter} and ${template}`, () => {
      assert.equal(mayMatch(filter, template, names), meet);
    });
  }
});

describe('the nearest known key', () => {
  const known = ['name', 'window', 'maxKeys', 'passwordFile', 'qos', 'k', 'n'];
  const slips: [string, string | undefined][] = [
    ['nmae', 'name'],
    ['Window', 'window'],
    ['max_keys', 'maxKeys'],
    ['max-keys', 'maxKeys'],
    ['password', 'passwordFile'],
    ['qoz', 'qos'],
    ['x', undefined],
    ['xyzzy', undefined],
    ['', undefined],
    ['w'.repeat(10_000), undefined],
  ];
  for (const [written, meant] of slips) {
    it(`for ${JSON.stringify(written.slice(0, 20))} is ${meant}`, () => assert.equal(nearest(written, known), meant));
  }
});
