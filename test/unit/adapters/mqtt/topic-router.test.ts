import assert from 'node:assert/strict';
import { TopicRouter } from '../../../../src/adapters/mqtt/topic-router.ts';

describe('TopicRouter', () => {
  it('finds the handler of every filter that matches', () => {
    const router = new TopicRouter();
    const [one, all] = [() => {}, () => {}];
    router.add('a/+', one);
    router.add('#', all);
    assert.deepEqual(router.handlers('a/b'), [one, all]);
    assert.deepEqual(router.handlers('b'), [all]);
    assert.deepEqual(router.handlers('$SYS/x'), []);
  });

  it('keeps every handler of a filter, in the order they came', () => {
    const router = new TopicRouter();
    const [first, second] = [() => {}, () => {}];
    router.add('a/+', first);
    router.add('a/+', second);
    assert.deepEqual(router.handlers('a/b'), [first, second]);
  });

  it('looks again after a filter was added', () => {
    const router = new TopicRouter();
    assert.deepEqual(router.handlers('a'), []);
    const handler = () => {};
    router.add('a', handler);
    assert.deepEqual(router.handlers('a'), [handler]);
  });

  it('matches a topic once, however often it comes', () => {
    const router = new TopicRouter();
    router.add('a/#', () => {});
    assert.equal(router.handlers('a/b'), router.handlers('a/b'));
  });

  it('stays right when more topics come than it remembers', () => {
    const router = new TopicRouter();
    const handler = () => {};
    router.add('a/+', handler);
    for (let i = 0; i < 25_000; i++) assert.equal(router.handlers(`a/${i}`)[0], handler);
    assert.deepEqual(router.handlers('b/0'), []);
  });
});
