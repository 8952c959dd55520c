import assert from 'node:assert/strict';
import { matchesAsClassic, PubSub, type ReceiveMode } from '../../../src/sim/nucleus/pubsub.ts';
import type { NucleusMode } from '../../../src/sim/nucleus/services.ts';

describe('local publish/subscribe of the simulated nuclei', () => {
  const ROWS: readonly (readonly [string, string, boolean])[] = [
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/', true],
    ['a/+', 'a/b', true],
    ['a/+', 'a', false],
    ['a/+', 'a/b/c', false],
    ['a/#', 'a/b/c', true],
    ['a/#', 'a', false],
    ['#', 'a', true],
    ['#', '$aws/x', true],
    ['a/#/c', 'a/b/c', true],
    ['a/#/c', 'a/b/x/c', false],
  ];
  for (const [filter, topic, expected] of ROWS) {
    it(`classic: ${filter} ${expected ? 'matches' : 'does not match'} ${topic}`, () => {
      assert.equal(matchesAsClassic(filter, topic), expected);
    });
  }

  it('lite: matches as MQTT does', () => {
    assert.equal(heard('lite', 'a/#', 'a', 'other'), 1);
    assert.equal(heard('lite', '#', '$aws/x', 'other'), 0);
  });

  it('classic: own messages come on an exact topic, not on a filter, unless the receive mode says so', () => {
    assert.equal(heard('classic', 'a/b', 'a/b', 'me'), 1);
    assert.equal(heard('classic', 'a/+', 'a/b', 'me'), 0);
    assert.equal(heard('classic', 'a/+', 'a/b', 'other'), 1);
    assert.equal(heard('classic', 'a/+', 'a/b', 'me', 'RECEIVE_ALL_MESSAGES'), 1);
    assert.equal(heard('classic', 'a/b', 'a/b', 'me', 'RECEIVE_MESSAGES_FROM_OTHERS'), 0);
  });

  it('lite: own messages always come: it knows no receive mode', () => {
    assert.equal(heard('lite', 'a/+', 'a/b', 'me', 'RECEIVE_MESSAGES_FROM_OTHERS'), 1);
  });

  it('hears nothing any more once it is ended', () => {
    const bus = new PubSub('classic');
    let count = 0;
    const end = bus.subscribe({ filter: 'a', component: 'me', deliver: () => count++ });
    end();
    bus.publish('other', 'a', { kind: 'json', message: {} });
    assert.equal(count, 0);
  });

  function heard(mode: NucleusMode, filter: string, topic: string, from: string, receiveMode?: ReceiveMode): number {
    const bus = new PubSub(mode);
    let count = 0;
    bus.subscribe({ filter, component: 'me', receiveMode, deliver: () => count++ });
    bus.publish(from, topic, { kind: 'json', message: {} });
    return count;
  }
});
