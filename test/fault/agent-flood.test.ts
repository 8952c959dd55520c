import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pipelineOnFakes, RESULTS } from '../fixtures/agent/pipeline-on-fakes.ts';
import { makeSite } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { MOSQUITTO } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

const INPUTS = [{ topic: 'sensors/+/v' }];
const FLOOD = 10_000;
const YEAR_MS = 365 * 86_400_000;

describe('a pipeline under a flood', function () {
  this.timeout(30_000);

  it(`of ${FLOOD} messages at once keeps a bounded queue, drops the oldest of the flooding sensor and counts them`, async () => {
    const max = 64;
    const { pipeline, bus, runner, metrics, shown, settle } = await pipelineOnFakes({ inputs: INPUTS, queue: { max } });
    runner.hang();
    bus.hub.publish({ topic: 'sensors/quiet/v', payload: '{"values":[-1]}' });
    await settle(); // one window is in the runner, and stays there
    bus.hub.publish({ topic: 'sensors/quiet/v', payload: '{"values":[-2]}' });
    for (let i = 0; i < FLOOD; i++) bus.hub.publish({ topic: 'sensors/loud/v', payload: `{"values":[${i}]}` });
    await settle();
    assert.equal(pipeline.look().queueDepth, max);
    runner.release();
    await settle();
    const newest = Array.from({ length: max - 1 }, (_, i) => [FLOOD - (max - 1) + i]);
    assert.deepEqual(
      shown,
      [[-1], [-2], ...newest],
      'the quiet sensor is answered, and so is the newest of the loud one',
    );
    assert.partialDeepStrictEqual(metrics.snapshot().counts, {
      windows: FLOOD + 2,
      windowsDropped: FLOOD - (max - 1),
      inferences: max + 1,
    });
  });

  it('of bad messages answers the good one behind it', async () => {
    const { bus, metrics, shown, settle } = await pipelineOnFakes({ inputs: INPUTS });
    for (let i = 0; i < FLOOD; i++) bus.hub.publish({ topic: 'sensors/a/v', payload: '{"values":["x"]}' });
    bus.hub.publish({ topic: 'sensors/a/v', payload: '{"values":[7]}' });
    await settle();
    assert.deepEqual(shown, [[7]]);
    assert.equal(metrics.snapshot().bad['not-a-number'], FLOOD);
  });

  it('of 100,000 sensors remembers as many as it may, counts the rest, and its memory stays small', async () => {
    const maxKeys = 1_000;
    const sensors = 100_000;
    const rules = [{ name: 'high', raise: 0.5, k: 1, n: 1, cooldown: 0 }];
    const agent = { inputs: INPUTS, window: { maxKeys }, decisions: { alarms: rules }, outputs: { results: 'none' } };
    const { pipeline, bus, metrics, settle } = await pipelineOnFakes(agent);
    bus.hub.publish({ topic: 'sensors/first/v', payload: '{"values":[1]}' });
    await settle();
    const before = heapUsed();
    for (let i = 0; i < sensors; i++) {
      bus.hub.publish({ topic: `sensors/new-${i}/v`, payload: '{"values":[0]}' });
      bus.hub.published.length = 0;
      if (i % 1_000 === 0) await settle();
    }
    await settle();
    assert.equal(pipeline.look().keys, maxKeys);
    assert.equal(pipeline.look().alarmsActive, 1, 'a sensor in alarm is forgotten last');
    assert.partialDeepStrictEqual(metrics.snapshot().counts, {
      keysEvicted: sensors + 1 - maxKeys,
      readings: sensors + 1,
    });
    const grownMb = (heapUsed() - before) / 1e6;
    assert.ok(grownMb < 16, `${grownMb} MB`);
  });

  for (const [way, ms] of [
    ['forwards', YEAR_MS],
    ['backwards', -YEAR_MS],
  ] as const) {
    it(`goes on after a jump of the clock ${way} by a year, and its alarms begin and end`, async () => {
      const rules = [{ name: 'high', raise: 0.5, k: 1, n: 1, cooldown: '60s' }];
      const { bus, clock, outbox, publish } = await pipelineOnFakes({ inputs: INPUTS, decisions: { alarms: rules } });
      const feed = (value: number) => publish('sensors/a/v', `{"values":[${value}]}`);
      await feed(1);
      clock.jump(ms);
      await feed(0);
      await feed(1); // forwards the rest of 60 s is over, backwards nobody can tell: an alarm too many beats one too few
      clock.jump(-ms);
      await feed(0);
      await clock.advance(61_000);
      await feed(1);
      const ids = outbox.puts.flatMap(({ messages }) => messages.map(({ id }) => id));
      const kinds = ids.map((id) => id.split('/').at(-1));
      assert.deepEqual(kinds, ['raised', 'cleared', 'raised', 'cleared', 'raised']);
      assert.equal(new Set(ids).size, ids.length);
      assert.equal(bus.hub.on(RESULTS).length, 5);
    });
  }
});

describe('the real agent under a flood', function () {
  this.timeout(60_000);

  it('of far more than it can answer counts every window, stays small, and answers when it is over', async function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
    const maxKeys = 100;
    const site = await makeSite({ agent: { window: { maxKeys }, queue: { max: 64 } } });
    try {
      const { agent, observer, sensors } = site;
      await agent.start();
      await site.serving();
      for (let i = 0; i < FLOOD; i++) sensors.feed(`flood-${i % (10 * maxKeys)}`, 0, 0, 0, 0, 0, 0, 0, 0);
      await sensors.flushed();
      await waitFor('the sensor behind the flood is answered', () => {
        sensors.feed('behind', 0);
        return observer.resultsOf('behind').length > 0;
      });
      const { agents, device } = await site.diagnose();
      const {
        windows = 0,
        inferences = 0,
        windowsDropped = 0,
        windowsFailed = 0,
        keysEvicted = 0,
      } = agents[0].metrics.counts;
      assert.ok(windows >= 8 * FLOOD * 0.5, `the flood did not arrive: ${windows} windows`);
      assert.ok(windowsDropped > 0, 'nothing was dropped: it was no flood');
      assert.ok(
        windows - inferences - windowsDropped - windowsFailed <= 64,
        'each window is answered, counted or waits',
      );
      assert.ok(keysEvicted > 0 && agents[0].keys <= maxKeys);
      assert.equal(agents[0].runner.restarts, 0);
      assert.ok(device.rssBytes < 250e6, `${device.rssBytes} bytes`);
    } finally {
      await site.stop();
    }
  });
});

function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
