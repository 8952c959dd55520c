import assert from 'node:assert/strict';
import { startShadowService } from '../fixtures/agent/shadow-service.ts';
import { makeSite, type Site, THING } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { MOSQUITTO } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

/** An event loop with nothing to do is late by less, on a busy machine too; it is sampled every 20 ms. */
const NOTHING_TO_DO_MS = 15;

describe('the shadow of the real agent', function () {
  this.timeout(60_000);
  let site: Site;
  let service: Awaited<ReturnType<typeof startShadowService>>;

  before(function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
  });
  beforeEach(async () => {
    site = await makeSite({ device: { shadow: { enabled: true } } });
    service = await startShadowService(site.broker.url, THING);
  });
  afterEach(async () => {
    await service?.stop();
    await site?.stop();
  });

  it('says how it is, sleeps and wakes as desired, and is asleep still for whoever asks over commands', async () => {
    const { agent, observer, sensors } = site;
    const { store } = service;
    const reported = () => JSON.stringify(store.state?.reported['agents'] ?? {});
    await agent.start();
    await waitFor('it reports that it runs', () => reported().includes('"running"'), 20_000);

    service.desire({ sleep: true });
    await waitFor('it reports that it sleeps', () => reported().includes('"asleep"'));
    await waitFor('nothing differs any more', () => Object.keys(store.delta).length === 0);
    const asleep = await site.diagnose();
    assert.equal(asleep.agents[0].state, 'asleep');
    assert.ok(asleep.device.loopDelayMs.p50 < NOTHING_TO_DO_MS, `${asleep.device.loopDelayMs.p50} ms late`);
    sensors.feed('a', 1);
    await waitFor('what comes is counted', async () => {
      return (await site.diagnose()).agents[0].metrics.counts['asleepReadings'] === 1;
    });
    assert.equal(observer.results.length, 0);

    service.desire({ sleep: false });
    await waitFor('it reports that it is awake', () => reported().includes('"running"'));
    await waitFor('it answers again', () => {
      sensors.feed('a', 1);
      return observer.results.length > 0;
    });
    assert.deepEqual(store.delta, {});
  });

  it('applies at its start what was desired while it was away', async () => {
    service.desire({ mode: 'observe', thresholds: { press: { high: { raise: 10, clear: 5 } } } });
    const { agent, observer, sensors } = site;
    await agent.start();
    await site.serving();
    await waitFor('nothing differs any more', () => Object.keys(service.store.delta).length === 0);
    sensors.feed('a', 1);
    sensors.feed('b', 11);
    await waitFor('an alarm', () => observer.alarms.size > 0);
    assert.deepEqual(
      [...observer.alarms.values()].map(({ key }) => key),
      ['b'],
    );
    assert.equal(service.store.state?.reported['mode'], 'observe');
  });
});
