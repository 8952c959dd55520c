import assert from 'node:assert/strict';
import { DeadLetters } from '../../../src/agent/dead-letters.ts';

const NOON = Date.UTC(2026, 6, 1, 12);
const at = (ms: number) => ({ wallMs: NOON + ms, monotonicMs: ms });

describe('dead letters', () => {
  it('say what came, when, where, how large, and how it began', () => {
    const letters = new DeadLetters();
    letters.add('not-json', 'sensors/a/v', Buffer.from('{oops'), at(5));
    assert.deepEqual(letters.list(), [
      {
        reason: 'not-json',
        topic: 'sensors/a/v',
        timeMs: NOON + 5,
        bytes: 5,
        head: Buffer.from('{oops').toString('base64'),
      },
    ]);
  });

  it('keep the head of a long payload and topic only, but its whole size', () => {
    const letters = new DeadLetters();
    letters.add('too-large', 't'.repeat(9000), Buffer.alloc(1_000_000, 'x'), at(0));
    const [letter] = letters.list();
    assert.equal(letter?.bytes, 1_000_000);
    assert.equal(Buffer.from(letter?.head ?? '', 'base64').length, 200);
    assert.equal(letter?.topic.length, 200);
  });

  it('keep nothing of the memory of the bus', () => {
    const letters = new DeadLetters();
    const payload = Buffer.from('abc');
    letters.add('not-json', 't', payload, at(0));
    payload.fill(0xee);
    assert.equal(letters.list()[0]?.head, Buffer.from('abc').toString('base64'));
  });

  it('keep the latest four of each reason, the oldest first', () => {
    const letters = new DeadLetters();
    for (let i = 0; i < 9; i++) letters.add('not-json', `json-${i}`, Buffer.from('x'), at(i * 100));
    letters.add('empty', 'nothing', Buffer.alloc(0), at(650));
    assert.deepEqual(
      letters.list().map(({ topic }) => topic),
      ['json-5', 'json-6', 'nothing', 'json-7', 'json-8'],
    );
  });

  it('look at one in a tenth of a second: a flood costs nothing', () => {
    const letters = new DeadLetters();
    for (let ms = 0; ms < 100; ms++) letters.add('not-json', `at ${ms}`, Buffer.from('x'), at(ms));
    letters.add('bad-key', 'of another reason', Buffer.from('x'), at(50));
    letters.add('not-json', 'at 100', Buffer.from('x'), at(100));
    assert.deepEqual(
      letters.list().map(({ topic }) => topic),
      ['at 0', 'of another reason', 'at 100'],
    );
  });

  it('go on when the clock is set back', () => {
    const letters = new DeadLetters();
    letters.add('empty', 'before', Buffer.alloc(0), at(0));
    letters.add('empty', 'after', Buffer.alloc(0), { wallMs: NOON - 86_400_000, monotonicMs: 200 });
    assert.deepEqual(
      letters.list().map(({ topic }) => topic),
      ['after', 'before'],
    );
  });
});
