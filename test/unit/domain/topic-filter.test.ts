import assert from 'node:assert/strict';
import { coversFilter, isValidFilter, isValidTopic, matchesFilter } from '../../../src/domain/topic-filter.ts';

describe('topic filters', () => {
  const MATCHES: readonly [string, string][] = [
    ['a/b', 'a/b'],
    ['a/+', 'a/b'],
    ['a/+', 'a/'],
    ['+/b', 'a/b'],
    ['+/+', '/finance'],
    ['/+', '/finance'],
    ['a/#', 'a/b/c'],
    ['a/#', 'a'],
    ['a/#', 'a/'],
    ['#', 'a/b'],
    ['+', 'a'],
    ['a/+/c/#', 'a/b/c'],
    ['$aws/things/+/shadow/#', '$aws/things/press-7/shadow/name/x'],
    ['a/$b/+', 'a/$b/c'],
    ['$SYS/#', '$SYS/x'],
  ];
  for (const [filter, topic] of MATCHES) {
    it(`${filter} matches ${topic}`, () => assert.equal(matchesFilter(filter, topic), true));
  }

  const MISSES: readonly [string, string][] = [
    ['a/b', 'a/c'],
    ['a/b', 'a/b/c'],
    ['a/b/c', 'a/b'],
    ['a/+', 'a'],
    ['a/+', 'a/b/c'],
    ['+', '/finance'],
    ['a/#', 'ab'],
    ['A', 'a'],
    ['#', '$SYS/broker'],
    ['+/broker', '$SYS/broker'],
    ['+/x', '$SYS/x'],
    ['$aws/+', 'aws/x'],
  ];
  for (const [filter, topic] of MISSES) {
    it(`${filter} does not match ${topic}`, () => assert.equal(matchesFilter(filter, topic), false));
  }

  const COVERS: readonly [wide: string, narrow: string, covers: boolean][] = [
    ['a/#', 'a/+/c', true],
    ['a/#', 'a/b/#', true],
    ['a/#', 'a', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a/+', true],
    ['#', '+/x', true],
    ['a/+', 'a/#', false],
    ['a/b', 'a/+', false],
    ['a/+/#', 'a/#', false],
    ['a/+', '+/a', false],
    ['#', '$SYS/#', false],
  ];
  for (const [wide, narrow, covers] of COVERS) {
    it(`${wide} ${covers ? 'covers' : 'does not cover'} ${narrow}`, () => {
      assert.equal(coversFilter(wide, narrow), covers);
    });
  }

  it('compare levels as they are told to', () => {
    const anyX = (wanted: string, given: string) => wanted === given || given === 'x';
    assert.equal(matchesFilter('a/b/+', 'a/x/c', anyX), true);
    assert.equal(matchesFilter('a/b', 'x/y', anyX), false);
    assert.equal(matchesFilter('a/b', 'a/x/x', anyX), false);
  });

  it('hold wildcards only as whole levels, and # only at the end', () => {
    for (const filter of ['#', '+', 'a/#', '+/a/+', '/', 'a//b', '$aws/#']) assert.ok(isValidFilter(filter), filter);
    for (const filter of ['', 'a#', 'a/#/b', '#/a', 'a+', 'a/b+/c', 'a\0b', 'x'.repeat(65_536)]) {
      assert.ok(!isValidFilter(filter), filter.slice(0, 20));
    }
  });

  it('differ from topics, which hold no wildcard at all', () => {
    for (const topic of ['a', '/', 'a/b', '$aws/x', 'ä/ü']) assert.ok(isValidTopic(topic), topic);
    for (const topic of ['', 'a/+', 'a/#', 'a+b', 'a\0', 'ä'.repeat(32_768)]) assert.ok(!isValidTopic(topic));
  });
});
