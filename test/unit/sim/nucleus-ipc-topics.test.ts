import assert from 'node:assert/strict';
import { topicProblem } from '../../../src/sim/nucleus/iot-core-topic.ts';

const LONG = 'x'.repeat(257);

describe('topics that the classic nucleus sends to AWS IoT Core', () => {
  const ROWS: readonly (readonly [string, 'publish' | 'subscribe', RegExp | undefined])[] = [
    ['a/b', 'publish', undefined],
    ['', 'publish', /not be empty/],
    ['a/+', 'publish', /wildcard/],
    ['a/+', 'subscribe', undefined],
    ['1/2/3/4/5/6/7/8', 'publish', undefined],
    ['1/2/3/4/5/6/7/8/9', 'publish', /no more than 7/],
    ['1/2/3/4/5/6/7/8/9', 'subscribe', /no more than 7/],
    [LONG, 'publish', /256/],
    ['$aws/things/t/shadow/name/n/update/accepted/x', 'publish', undefined],
    [`$aws/${'x'.repeat(600)}`, 'publish', /512/],
    ['$aws/rules/r/1/2/3/4/5/6/7/8', 'publish', undefined],
    ['$aws/rules/r/1/2/3/4/5/6/7/8/9', 'publish', /no more than 7/],
    ['$share/g/1/2/3/4/5/6/7/8', 'subscribe', undefined],
    [`$share/g/${LONG}`, 'subscribe', /256/],
  ];
  for (const [topic, use, expected] of ROWS) {
    it(`${use}: ${topic === LONG ? 'a long one' : topic || 'nothing'} is ${expected === undefined ? 'taken' : 'refused'}`, () => {
      const problem = topicProblem(topic, use);
      if (expected === undefined) assert.equal(problem, undefined);
      else assert.match(String(problem), expected);
    });
  }
});
