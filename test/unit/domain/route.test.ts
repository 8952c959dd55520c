import assert from 'node:assert/strict';
import { joinRoute, ROUTES, splitRoute } from '../../../src/domain/route.ts';

describe('a topic with its bus', () => {
  for (const route of ROUTES) {
    it(`comes apart as it was put together: ${route}`, () => {
      assert.deepEqual(splitRoute(joinRoute(route, 'a/b')), { route, topic: 'a/b' });
    });
  }

  it('names one bus at most: a topic of the broker may begin like a bus', () => {
    assert.deepEqual(splitRoute('mqtt:local:a'), { route: 'mqtt', topic: 'local:a' });
  });

  for (const topic of ['a/b', 'local', 'locals:a', 'a/local:b', 'Local:a', '']) {
    it(`names none: ${JSON.stringify(topic)}`, () => assert.deepEqual(splitRoute(topic), { route: undefined, topic }));
  }
});
