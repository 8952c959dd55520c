import assert from 'node:assert/strict';
import { makeSite, type Site } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { MOSQUITTO } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

describe('an agent whose topics name their bus', function () {
  this.timeout(30_000);
  let site: Site;

  before(function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
  });
  afterEach(() => site?.stop());

  it('hears, answers, raises and takes commands on it, and nobody outside sees the name', async () => {
    site = await makeSite({
      device: { commands: { bus: 'mqtt' } },
      agent: {
        inputs: [{ topic: 'mqtt:sensors/+/v' }],
        outputs: {
          resultTopic: 'mqtt:dt/edge-agent/{thing}/inference',
          alarmTopic: 'mqtt:dt/edge-agent/{thing}/alarm',
        },
      },
    });
    const { agent, observer, sensors } = site;
    await agent.start();
    await site.serving();
    sensors.feed('a', 1);
    await waitFor('a result and an alarm', () => observer.results.length > 0 && observer.alarms.size > 0);
    const { device, agents } = await observer.command<{
      device: { buses: object };
      agents: { metrics: { counts: Record<string, number> } }[];
    }>('diagnose');
    assert.deepEqual(device.buses, { mqtt: { state: 'online' } });
    assert.equal(agents[0]?.metrics.counts['resultsDropped'], 0);
    assert.equal((await agent.end('SIGTERM')).code, 0);
  });
});
