import assert from 'node:assert/strict';
import { makeKeyReader } from '../../../src/flow/reading-key.ts';
import { anInput } from './inputs.ts';

const fromTopic = (topicLevel: number) => makeKeyReader(anInput({ key: { topicLevel } }));
const fromPayload = (pointer: string) => makeKeyReader(anInput({ key: { pointer } }));

describe('the key of a reading', () => {
  it('is a level of the topic', () => {
    const topics = ['sensors/press-7/vibration', 'sensors/Prüfstand 3/vibration'];
    assert.deepEqual(
      topics.map((topic) => fromTopic(1)(topic, {})),
      ['press-7', 'Prüfstand 3'],
    );
  });

  it('is the same the second time a topic comes', () => {
    const read = fromTopic(1);
    for (const topic of ['a/1', 'a/2', 'a/1', 'a/+', 'a/+']) {
      assert.equal(read(topic, {}), topic === 'a/+' ? undefined : topic.slice(2), topic);
    }
  });

  it('is missing where the topic has no such level, or an empty one', () => {
    assert.equal(fromTopic(3)('sensors/press-7/vibration', {}), undefined);
    assert.equal(fromTopic(1)('sensors//vibration', {}), undefined);
  });

  it('still comes out right after more topics than are remembered', () => {
    const read = fromTopic(1);
    for (let i = 0; i < 20_500; i++) assert.equal(read(`t/${i}`, {}), String(i));
    assert.equal(read('t/0', {}), '0');
  });

  it('is text or a whole number in the payload', () => {
    const read = fromPayload('/machine/id');
    const keys = ['press-7', 7, -1, 0].map((id) => read('any', { machine: { id } }));
    assert.deepEqual(keys, ['press-7', '7', '-1', '0']);
  });

  const illegal: readonly [what: string, id: unknown][] = [
    ['missing', undefined],
    ['null', null],
    ['true', true],
    ['an object', {}],
    ['a list', ['press-7']],
    ['a fraction', 1.5],
    ['a number that is not exact', 2 ** 53],
    ['a bigint', 7n],
    ['empty', ''],
    ['longer than 128 characters', 'x'.repeat(129)],
    ['with a slash', 'a/b'],
    ['with a +', 'a+b'],
    ['with a #', 'a#'],
    ['with a line feed', 'a\nb'],
    ['with a NUL', 'a\0'],
    ['with DEL', 'a\u007f'],
    ['half a surrogate pair', 'a\ud800'],
  ];
  for (const [what, id] of illegal) {
    it(`is refused when it is ${what}`, () => {
      assert.equal(fromPayload('/id')('any', { id }), undefined);
    });
  }

  it('may have 128 characters', () => {
    assert.equal(fromPayload('/id')('any', { id: 'x'.repeat(128) }), 'x'.repeat(128));
  });
});
