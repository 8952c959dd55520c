import assert from 'node:assert/strict';
import { compileTopic } from '../../../src/flow/topic.ts';

const NAMES = { thing: 'edge-1', agent: 'bearings' };

describe('a topic template', () => {
  const cases: readonly [template: string, topic: string][] = [
    ['plain/topic', 'plain/topic'],
    ['dt/{thing}/{agent}', 'dt/edge-1/bearings'],
    ['dt/{thing}/{key}/x', 'dt/edge-1/press-7/x'],
    ['{key}/{key}/{thing}/{thing}', 'press-7/press-7/edge-1/edge-1'],
    ['{key}', 'press-7'],
    ['a{agent}b{key}c', 'abearingsbpress-7c'],
    ['local:dt/{thing}/{key}', 'local:dt/edge-1/press-7'],
    ['mqtt:{key}/alarm', 'mqtt:press-7/alarm'],
  ];
  for (const [template, topic] of cases) {
    it(`makes ${topic} of ${template}`, () => assert.equal(compileTopic(template, NAMES)('press-7'), topic));
  }

  it('takes a key as it is, whatever is in it', () => {
    for (const key of ['$&', '$1', '{thing}', '{key}', 'ü 7']) {
      assert.equal(compileTopic('a/{key}/b', NAMES)(key), `a/${key}/b`);
    }
  });
});
