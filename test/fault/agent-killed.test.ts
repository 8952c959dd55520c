import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readDeadOutbox } from '../fixtures/agent/dead-outbox.ts';
import { assertWholeEpisodes } from '../fixtures/agent/episodes.ts';
import { makeSite, type Site } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { MOSQUITTO } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

/** 20 in CI; OPENCLAW_KILLS=200 looks longer. */
const KILLS = Number(process.env['OPENCLAW_KILLS'] ?? 20);
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const STUCK = 'stuck';
const LAST = 'last';
/** From the first alarm of a life to its end: within a commit, between commits, with alarms in flight. */
const LONGEST_LIFE_MS = 120;

describe('an agent that is killed with SIGKILL under load', function () {
  this.timeout(30_000 + KILLS * 5_000);
  let site: Site;

  before(function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
  });
  afterEach(() => site?.stop());

  it(`loses no queued alarm and tells none twice under a new id, ${KILLS} times in a row`, async () => {
    site = await makeSite({ device: { commands: { enabled: false } } });
    const { agent, observer, sensors } = site;
    const state = join(site.folder, 'state');
    const held = new Set<string>();
    sensors.load(KEYS, { everyMs: 10, alwaysBad: [STUCK] });
    for (let kill = 0; kill < KILLS; kill++) {
      const before = observer.alarms.size;
      await agent.start();
      await waitFor('alarms arrive', () => observer.alarms.size > before + KEYS.length || !agent.running, 20_000);
      await pause(Math.random() * LONGEST_LIFE_MS);
      const { signal } = await agent.kill();
      assert.equal(signal, 'SIGKILL', `the agent ended by itself: ${agent.stderr}`);
      const outbox = await readDeadOutbox(state);
      for (const id of outbox.alarms) held.add(id);
      assert.ok(outbox.facts.has(`alarm/press/high/${STUCK}`), 'that it is in alarm is not forgotten');
    }
    sensors.rest();
    await sensors.flushed();
    await agent.start();
    await waitFor('the last life works', () => {
      sensors.feed(LAST, 1);
      return observer.alarmsOf(LAST).length > 0;
    });
    await agent.end('SIGTERM'); // it delivers what waits before it ends

    const end = await readDeadOutbox(state);
    assert.ok(held.size > 0, 'no kill ever met an alarm that waited: this test has shown nothing');
    assert.deepEqual(end.alarms, []);
    await waitFor('what the broker took has come', () => observer.alarms.size >= end.everQueued).catch(() => {});
    assert.deepEqual(
      [...held].filter((id) => !observer.alarms.has(id)),
      [],
      'what was on disk when the agent died was lost',
    );
    assert.equal(observer.alarms.size, end.everQueued, 'each alarm that was ever queued has arrived');
    for (const key of KEYS) assert.ok(assertWholeEpisodes(observer.alarmsOf(key)) >= KILLS);
    assert.deepEqual(
      observer.alarmsOf(STUCK).map(({ kind }) => kind),
      ['raised'],
      'one episode is raised once, however often the agent starts anew',
    );
  });
});
