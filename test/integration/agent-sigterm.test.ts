import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readDeadOutbox } from '../fixtures/agent/dead-outbox.ts';
import { assertWholeEpisodes } from '../fixtures/agent/episodes.ts';
import { makeSite, type Site, type SiteOptions } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { MOSQUITTO } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

/** The agent promises 8 s; the rest is for a machine that does other things. */
const DEADLINE_MS = 10_000;
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f'];
const STOPS = 3;

describe('an agent that gets SIGTERM', function () {
  this.timeout(60_000);
  let site: Site;

  before(function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
  });
  afterEach(() => site?.stop());

  async function start(options: SiteOptions = {}): Promise<void> {
    site = await makeSite(options);
    await site.agent.start();
    await site.serving();
  }

  async function endsInOrder(): Promise<void> {
    const { code, tookMs } = await site.agent.end('SIGTERM');
    assert.equal(code, 0, site.agent.stderr);
    assert.ok(tookMs < DEADLINE_MS, `${tookMs} ms`);
  }

  for (const isolation of ['process', 'none'] as const) {
    it(`under load (isolation ${isolation}) ends in time with every alarm delivered, ${STOPS} times`, async () => {
      // One alarm on its way at a time: there is always one more that waits.
      await start({ agent: { isolation }, bus: { maxInFlight: 1 } });
      const { agent, observer, sensors, folder } = site;
      sensors.load(KEYS, { everyMs: 5 });
      for (let stop = 0; stop < STOPS; stop++) {
        const before = observer.alarms.size;
        if (!agent.running) await agent.start();
        await waitFor('alarms arrive', () => observer.alarms.size > before + 10 * KEYS.length);
        await endsInOrder();
        const { alarms } = await readDeadOutbox(join(folder, 'state'));
        assert.deepEqual(alarms, [], 'what waited was delivered before the end');
      }
      sensors.rest();
      for (const key of KEYS) assertWholeEpisodes(observer.alarmsOf(key));
    });
  }

  it('answers every window that it had taken in', async () => {
    await start({ agent: { outputs: { results: 'outbox' }, runner: { deadline: '10s' } } });
    const { observer, sensors } = site;
    const windows = 500;
    const [{ runner }] = (await site.diagnose()).agents;
    process.kill(runner.pid, 'SIGSTOP');
    sensors.feed('burst', ...Array.from({ length: windows }, (_, i) => i / windows));
    await waitFor('the burst is taken in', async () => {
      return (await site.diagnose()).agents[0].metrics.counts['windows'] === windows;
    });
    assert.equal(observer.resultsOf('burst').length, 0);
    const ending = endsInOrder();
    await pause(300);
    process.kill(runner.pid, 'SIGCONT');
    await ending;
    await waitFor('what the broker took has come', () => observer.resultsOf('burst').length >= windows);
    const seqs = new Set(observer.resultsOf('burst').map(({ seq }) => seq));
    assert.equal(seqs.size, windows);
  });

  it('ends in time while its broker is away, and delivers what waited after the next start', async () => {
    // One alarm on its way at a time: whenever the broker freezes, there are some that wait.
    await start({ bus: { maxInFlight: 1 } });
    const { agent, broker, observer, sensors, folder } = site;
    sensors.load(KEYS, { everyMs: 5 });
    await waitFor('alarms arrive', () => observer.alarms.size > 10 * KEYS.length);
    broker.freeze(); // acknowledges nothing any more, so alarms wait
    await pause(200);
    sensors.rest();
    const ending = endsInOrder();
    await broker.kill();
    await ending;
    const { alarms } = await readDeadOutbox(join(folder, 'state'));
    assert.ok(alarms.length > 0, 'nothing waited: this test has shown nothing');
    await broker.start();
    // A broker that was killed has forgotten the observer: what came before it is back would be delivered to nobody.
    await waitFor('the observer is back', () => observer.connected);
    await agent.start();
    await waitFor('what waited is delivered', () => alarms.every((id) => observer.alarms.has(id)));
  });

  it('ends in time while its broker is frozen', async () => {
    await start();
    const { broker, sensors } = site;
    sensors.feed('a', 1);
    broker.freeze();
    try {
      await endsInOrder();
    } finally {
      broker.thaw();
    }
  });

  it('ends in time while its model hangs', async () => {
    await start({ agent: { runner: { deadline: '1m' } } });
    const { pid } = (await site.diagnose()).agents[0].runner;
    process.kill(pid, 'SIGSTOP');
    site.sensors.feed('a', 1);
    await site.sensors.flushed();
    await endsInOrder();
    assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
  });

  it('ends in time at any moment of its start', async () => {
    site = await makeSite();
    for (const afterMs of [50, 150, 250, 350, 450, 550]) {
      await site.agent.start();
      await pause(afterMs);
      const { code, signal, tookMs } = await site.agent.end('SIGTERM');
      assert.ok(code === 0 || signal === 'SIGTERM', site.agent.stderr);
      assert.ok(tookMs < DEADLINE_MS, `${tookMs} ms`);
    }
  });
});
