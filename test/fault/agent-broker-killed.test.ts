import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { assertWholeEpisodes } from '../fixtures/agent/episodes.ts';
import { makeSite, type Site } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { MOSQUITTO } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

const BROKER_KILLS = 4;
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
/** Between reconnect and kill: the backlog is on its way, and new alarms come in. */
const UP_MS = 300;
/** Long enough for the agent to queue alarms while it is offline. */
const DOWN_MS = 150;

describe('an agent whose broker is killed and restarted under load', function () {
  this.timeout(60_000);
  let site: Site;

  before(function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
  });
  afterEach(() => site?.stop());

  it(`loses no alarm, ${BROKER_KILLS} times in a row`, async () => {
    site = await makeSite();
    const { agent, broker, observer, sensors } = site;
    await agent.start();
    await site.serving();
    const { pid } = agent;
    // From here on the broker remembers who the observer is, also after a SIGKILL.
    await waitFor('the broker has saved the session of the observer', async () => {
      const saved = await readFile(join(site.folder, 'mosquitto.db')).catch(() => Buffer.of());
      return saved.includes('observer-') && saved.includes('/+/reply');
    });

    sensors.load(KEYS);
    for (let kill = 0; kill < BROKER_KILLS; kill++) {
      const before = observer.alarms.size;
      await waitFor('alarms arrive', () => observer.connected && observer.alarms.size > before + KEYS.length);
      await pause(UP_MS);
      await broker.kill();
      await pause(DOWN_MS);
      await broker.start();
    }
    const before = observer.alarms.size;
    await waitFor('alarms arrive', () => observer.connected && observer.alarms.size > before + KEYS.length);
    sensors.rest();
    await sensors.flushed();

    const told = async () => {
      const { counts } = (await site.diagnose()).agents[0].metrics;
      return (counts['alarmsRaised'] ?? 0) + (counts['alarmsCleared'] ?? 0);
    };
    await waitFor('everything is delivered', async () => observer.alarms.size >= (await told()));
    assert.equal(observer.alarms.size, await told());
    for (const key of KEYS) assert.ok(assertWholeEpisodes(observer.alarmsOf(key)) > BROKER_KILLS);
    assert.equal(agent.pid, pid, 'the agent was never restarted');
    assert.ok(agent.running);
  });
});
