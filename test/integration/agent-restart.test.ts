import assert from 'node:assert/strict';
import { join } from 'node:path';
import { readDeadOutbox } from '../fixtures/agent/dead-outbox.ts';
import { RealAgent } from '../fixtures/agent/real-agent.ts';
import { configuration, makeSite, type Site } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { MOSQUITTO } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

describe('an agent that is started again', function () {
  this.timeout(30_000);
  let site: Site;
  let changed: RealAgent | undefined;

  before(function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
  });
  beforeEach(async () => {
    site = await makeSite();
    const { agent, observer, sensors } = site;
    await agent.start();
    await site.serving();
    sensors.feed('a', 1);
    await waitFor('an alarm is raised', () => observer.alarms.size === 1);
  });
  afterEach(async () => {
    await changed?.stop();
    await site?.stop();
  });

  it('clears under the old id an alarm that ended meanwhile', async () => {
    const { agent, observer, sensors } = site;
    await agent.end('SIGTERM');
    await agent.start();
    await site.serving();
    sensors.feed('a', 1); // still bad: nothing new
    sensors.feed('a', 0);
    await waitFor('it is cleared', () => observer.alarms.size > 1);
    const [raised, cleared] = observer.alarmsOf('a');
    assert.deepEqual([raised?.kind, cleared?.kind], ['raised', 'cleared']);
    assert.equal(raised?.since, cleared?.since);
    assert.equal(observer.alarms.size, 2);
  });

  it('forgets the alarms of a rule that is no longer configured, and runs', async () => {
    await site.agent.end('SIGTERM');
    const { folder, broker, observer, sensors } = site;
    const rule = { name: 'renamed', raise: 0.5, k: 1, n: 1, cooldown: 0 };
    changed = new RealAgent({
      folder,
      config: configuration(broker.url, { agent: { decisions: { alarms: [rule] } } }),
    });
    await changed.start();
    await waitFor('it raises by the new rule', () => {
      if (changed?.running !== true) throw new Error(`the agent ended: ${changed?.stderr}`);
      sensors.feed('a', 1);
      return observer.alarms.size > 1;
    });
    assert.equal((await changed.end('SIGTERM')).code, 0);
    const { facts } = await readDeadOutbox(join(folder, 'state'));
    assert.deepEqual([...facts.keys()], ['alarm/press/renamed/a']);
  });
});
