import assert from 'node:assert/strict';
import type { BadInput } from '../../src/domain/reading.ts';
import {
  BAD_MESSAGES,
  GOOD_MEAN,
  GOOD_VALUES,
  goodMessage,
  INPUTS,
  ODD_MESSAGES,
  type Way,
} from '../fixtures/agent/bad-inputs.ts';
import { pipelineOnFakes, RESULTS } from '../fixtures/agent/pipeline-on-fakes.ts';
import { makeSite } from '../fixtures/agent/site.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { MOSQUITTO } from '../fixtures/mosquitto.ts';
import { skip } from '../skip.ts';

const AGENT = { inputs: Object.values(INPUTS) };
const CHANNELS = 2;
/** Dead letters are sampled: one a reason in this time. */
const SAMPLE_EVERY_MS = 100;

describe(`bad input of ${BAD_MESSAGES.length} kinds`, () => {
  for (const { what, way, payload, reason } of BAD_MESSAGES) {
    it(`${what} (${way}) is ${reason}, never reaches the model, and stops nothing`, async () => {
      const { pipeline, metrics, shown, publish, bus } = await pipelineOnFakes(AGENT, CHANNELS);
      const topic = `in/probe/${way}`;
      await publish(topic, goodMessage(way, 0));
      await publish(topic, payload);
      await publish(topic, goodMessage(way, 1));
      assert.deepEqual(shown, [GOOD_VALUES, GOOD_VALUES]);
      assert.equal(bus.hub.on(RESULTS).length, 2);
      const { bad, counts } = metrics.snapshot();
      assert.deepEqual(onlyCounted(bad), { [reason]: 1 });
      assert.partialDeepStrictEqual(counts, { messages: 3, readings: 2, inferences: 2 });
      const [letter, ...more] = pipeline.look().deadLetters;
      assert.partialDeepStrictEqual(letter, { reason, topic, bytes: payload.length });
      assert.deepEqual(more, []);
      assert.ok(payload.toString('base64').startsWith(letter?.head.slice(0, 64) ?? '?'));
    });
  }

  for (const { what, key, payload } of ODD_MESSAGES) {
    it(`${what} is odd, and answered all the same`, async () => {
      const { metrics, publish, bus } = await pipelineOnFakes(AGENT, CHANNELS);
      await publish(`in/${key}/json`, payload);
      const [result] = bus.hub.on(RESULTS).map((message) => JSON.parse(String(message.payload)).data);
      assert.partialDeepStrictEqual(result, { key, outcome: { score: GOOD_MEAN } });
      assert.deepEqual(onlyCounted(metrics.snapshot().bad), {});
    });
  }

  for (const topic of ['in//json', 'in/a\u0001b/json', `in/${'k'.repeat(10_000)}/json`, 'in/\ud800/json']) {
    it(`a topic like ${JSON.stringify(topic).slice(0, 30)} names no sensor`, async () => {
      const { metrics, shown, publish } = await pipelineOnFakes(AGENT, CHANNELS);
      await publish(topic, goodMessage('json', 0));
      await publish('in/probe/json', goodMessage('json', 0));
      assert.deepEqual(shown, [GOOD_VALUES]);
      assert.deepEqual(onlyCounted(metrics.snapshot().bad), { 'bad-key': 1 });
    });
  }

  it('is counted every time, and sampled now and then', async () => {
    const { pipeline, metrics, clock, publish } = await pipelineOnFakes(AGENT, CHANNELS);
    for (let i = 0; i < 1_000; i++) await publish('in/probe/json', `{${i}`);
    assert.equal(metrics.snapshot().bad['not-json'], 1_000);
    assert.equal(pipeline.look().deadLetters.length, 1);
    for (let i = 0; i < 100; i++) {
      await clock.advance(SAMPLE_EVERY_MS);
      await publish('in/probe/json', `{${i}`);
    }
    assert.ok(pipeline.look().deadLetters.length <= 8);
  });
});

describe('bad input to the real agent', function () {
  this.timeout(60_000);

  it('of every kind, all at once, reaches no model and stops nothing', async function () {
    if (MOSQUITTO === undefined) skip(this, 'mosquitto is not installed');
    const site = await makeSite({ agent: AGENT, channels: CHANNELS });
    try {
      const { agent, observer, sensors } = site;
      await agent.start();
      await site.serving();
      const ways = Object.keys(INPUTS) as Way[];
      for (const way of ways) sensors.publish(`in/${way}-probe/${way}`, goodMessage(way, 0));
      for (const { way, payload } of BAD_MESSAGES) sensors.publish(`in/${way}-probe/${way}`, payload);
      for (const { key, payload } of ODD_MESSAGES) sensors.publish(`in/${key}/json`, payload);
      for (const way of ways) sensors.publish(`in/${way}-probe/${way}`, goodMessage(way, 1));
      const due = 2 * ways.length + ODD_MESSAGES.length;
      await waitFor('every good message is answered', () => observer.results.length >= due);

      const [{ metrics, deadLetters, runner }] = (await site.diagnose()).agents;
      const expected = Object.groupBy(BAD_MESSAGES, ({ reason }) => reason);
      for (const reason of Object.keys(expected) as BadInput[]) {
        assert.equal(metrics.bad[reason], expected[reason]?.length, reason);
        assert.ok(
          deadLetters.some((letter) => letter.reason === reason),
          reason,
        );
      }
      assert.partialDeepStrictEqual(metrics.counts, { inferences: due, windowsFailed: 0, windowsDropped: 0 });
      assert.ok(observer.results.every(({ value }) => value === GOOD_MEAN));
      assert.equal(runner.restarts, 0);
    } finally {
      await site.stop();
    }
  });
});

function onlyCounted(bad: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(bad).filter(([, count]) => count > 0));
}
