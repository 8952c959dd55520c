import assert from 'node:assert/strict';
import { widest } from '../../../../src/adapters/mqtt/subscribe.ts';

describe('the filters to ask a broker for', () => {
  const asked = (filters: readonly (readonly [string, 0 | 1])[]) => [...widest(new Map(filters))];

  it('are those that no other covers', () => {
    const filters = [
      ['s/+/v', 0],
      ['s/#', 0],
      ['s/7/v', 0],
      ['t', 0],
    ] as const;
    assert.deepEqual(asked(filters), [
      ['s/#', 0],
      ['t', 0],
    ]);
  });

  it('have the highest QoS of what they cover', () => {
    assert.deepEqual(
      asked([
        ['s/#', 0],
        ['s/+/v', 1],
      ]),
      [['s/#', 1]],
    );
    assert.deepEqual(
      asked([
        ['s/#', 1],
        ['s/+/v', 0],
      ]),
      [['s/#', 1]],
    );
  });

  it('are all of them where neither covers the other', () => {
    assert.equal(
      asked([
        ['a/+', 0],
        ['+/b', 1],
      ]).length,
      2,
    );
  });
});
