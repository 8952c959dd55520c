import assert from 'node:assert/strict';
import { BusRouter } from '../../../src/agent/bus-router.ts';
import { FakeBus } from '../../fakes/bus.ts';

/** A broker, the default, and local pub/sub, each with a hub of its own. */
async function start() {
  const mqtt = new FakeBus();
  const local = new FakeBus();
  await Promise.all([mqtt.start(), local.start()]);
  const router = new BusRouter({
    buses: new Map([['mqtt', mqtt] as const, ['local', local] as const]),
    fallback: 'mqtt',
  });
  const direct = () => [mqtt, local].map((bus) => bus.direct.map(({ topic }) => topic).join(' '));
  return { mqtt, local, router, direct };
}

function messages(...topics: string[]) {
  return topics.map((topic) => ({ topic, payload: topic }));
}

describe('the router of buses', () => {
  it('subscribes on the bus that the filter names, else on the default one, and shows topics without it', async () => {
    const { mqtt, local, router } = await start();
    const heard: string[] = [];
    for (const filter of ['a/+', 'mqtt:b/+', 'local:a/+'])
      router.subscribe(filter, 1, ({ topic }) => void heard.push(`${filter} ${topic}`));
    for (const [where, { hub }] of Object.entries({ mqtt, local }))
      for (const topic of ['a', 'b']) hub.publish({ topic: `${topic}/${where}`, payload: 'x' });
    await Promise.all([mqtt.settled(), local.settled()]);
    assert.deepEqual(heard.sort(), ['a/+ a/mqtt', 'local:a/+ a/local', 'mqtt:b/+ b/mqtt']);
  });

  it('publishes on the bus that the topic names, one call a bus, each in its order', async () => {
    const { mqtt, local, router, direct } = await start();
    assert.equal(router.publishDirect(messages('a', 'local:b', 'mqtt:c', 'local:d', 'e')), true);
    assert.deepEqual(direct(), ['a c e', 'b d']);
    assert.deepEqual([mqtt.directBatches, local.directBatches], [[3], [2]]);
  });

  it('says no when one of the buses took none of its messages; the other has its own', async () => {
    const { local, router, direct } = await start();
    local.goOffline();
    assert.equal(router.publishDirect(messages('local:a')), false);
    assert.equal(router.publishDirect(messages('local:b', 'c')), false);
    assert.equal(router.publishDirect(messages('d', 'mqtt:e')), true);
    assert.deepEqual(direct(), ['c d e', '']);
  });

  it('has nothing to say of no messages', async () => {
    const { router, direct } = await start();
    assert.equal(router.publishDirect([]), true);
    assert.deepEqual(direct(), ['', '']);
  });

  it('takes a bus that is not there for the bug that it is', async () => {
    const { router } = await start();
    assert.throws(() => router.subscribe('iotcore:a', 0, () => {}), /no bus iotcore/);
    assert.throws(() => router.publishDirect(messages('iotcore:a')), /no bus iotcore/);
  });
});
