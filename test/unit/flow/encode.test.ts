import assert from 'node:assert/strict';
import type { AlarmRule } from '../../../src/domain/agent-spec.ts';
import type { AlarmChange } from '../../../src/domain/decision.ts';
import { makeEncoder } from '../../../src/flow/encode.ts';

const NOON = Date.UTC(2026, 6, 1, 12);
const SPEAKER = {
  thing: 'edge-1',
  agent: 'bearings',
  model: { name: 'bearing-fault', version: '1.2.0', variant: 'small' },
};
const RULE: AlarmRule = {
  name: 'worn',
  severity: 'critical',
  labels: ['outer'],
  direction: 'above',
  raise: 0.8,
  clear: 0.5,
  k: 1,
  n: 1,
  cooldownMs: 0,
  action: undefined,
};
const CHANGE: AlarmChange = {
  kind: 'raised',
  rule: 'worn',
  key: 'press-7',
  episode: { sinceMs: NOON },
  signal: 0.87654321,
  outcome: { label: 'outer', score: 0.87654321 },
};

function result(key = 'press-7', label = 'outer', score = 0.9, latencyMs = 1.23456, timeMs = NOON) {
  const window = { key, seq: 17, timeMs, arrivedMs: 0, samples: new Float32Array() };
  return JSON.parse(makeEncoder(SPEAKER).result('boot-1', window, { label, score }, latencyMs));
}

describe('a result', () => {
  it('is a CloudEvent with everything that a reader needs', () => {
    assert.deepEqual(result(), {
      specversion: '1.0',
      id: 'boot-1',
      source: '/things/edge-1/agents/bearings',
      type: 'com.openclaw.edge.inference.v1',
      time: '2026-07-01T12:00:00.000Z',
      datacontenttype: 'application/json',
      data: {
        agent: 'bearings',
        model: SPEAKER.model,
        key: 'press-7',
        seq: 17,
        outcome: { label: 'outer', score: 0.9 },
        latencyMs: 1.235,
      },
    });
  });

  for (const text of ['a"b', 'back\\slash', 'Prüfstand 3 °', '🏭', '\u2028', '</script>', '","seq":0,"x":"']) {
    it(`carries a key and a label like ${JSON.stringify(text)} through JSON`, () => {
      const { data } = result(text, text);
      assert.deepEqual([data.key, data.outcome.label, data.seq], [text, text, 17]);
    });
  }

  it('is right for many keys and times from one encoder', () => {
    const { result: encode } = makeEncoder(SPEAKER);
    for (let i = 0; i < 20_500; i++) {
      const window = {
        key: `k${i % 20_100}`,
        seq: i,
        timeMs: NOON + (i >> 1),
        arrivedMs: 0,
        samples: new Float32Array(),
      };
      const text = encode(`id-${i}`, window, { label: 'a', score: i }, 0);
      if (i % 500 !== 0) continue;
      const event = JSON.parse(text);
      assert.deepEqual([event.data.key, Date.parse(event.time), event.id], [window.key, window.timeMs, `id-${i}`]);
    }
  });

  for (const [score, written] of [
    [0.123456789, 0.123457],
    [1, 1],
    [-17.5, -17.5],
    [3.4e38, 3.4e38],
    [1e-9, 0],
  ] as const) {
    it(`writes a score of ${score} as ${written}`, () => {
      assert.equal(result('k', 'rul', score).data.outcome.score, written);
    });
  }

  it('is dated by the time of a sensor, with fractions of a millisecond cut', () => {
    assert.equal(result('k', 'l', 1, 1, NOON + 0.75).time, '2026-07-01T12:00:00.000Z');
  });
});

describe('an alarm', () => {
  const { alarm } = makeEncoder(SPEAKER);

  it('is a CloudEvent that says what, how bad, since when and why', () => {
    const { id, payload } = alarm(RULE, CHANGE, NOON + 250);
    assert.deepEqual(JSON.parse(payload), {
      specversion: '1.0',
      source: '/things/edge-1/agents/bearings',
      type: 'com.openclaw.edge.alarm.raised.v1',
      id,
      time: '2026-07-01T12:00:00.250Z',
      datacontenttype: 'application/json',
      data: {
        agent: 'bearings',
        model: SPEAKER.model,
        key: 'press-7',
        rule: 'worn',
        severity: 'critical',
        since: '2026-07-01T12:00:00.000Z',
        signal: 0.876543,
        outcome: { label: 'outer', score: 0.876543 },
      },
    });
  });

  it('keeps its id however often, and by whichever process, it is told', () => {
    const again = makeEncoder(SPEAKER).alarm(RULE, { ...CHANGE, signal: 0.1 }, NOON + 9999);
    assert.equal(again.id, alarm(RULE, CHANGE, NOON).id);
  });

  it('has an id of its own for each rule, key, episode and turn', () => {
    const others: Partial<AlarmChange>[] = [
      { rule: 'unusual' },
      { key: 'press-8' },
      { episode: { sinceMs: NOON + 1 } },
      { kind: 'cleared' },
    ];
    const ids = [{}, ...others].map((other) => alarm(RULE, { ...CHANGE, ...other }, NOON).id);
    assert.equal(new Set(ids).size, ids.length);
  });

  it('says by its type that it is over', () => {
    const { payload } = alarm(RULE, { ...CHANGE, kind: 'cleared' }, NOON);
    assert.equal(JSON.parse(payload).type, 'com.openclaw.edge.alarm.cleared.v1');
  });

  it('carries any key through JSON', () => {
    const key = 'a"b\\ü';
    const event = JSON.parse(alarm(RULE, { ...CHANGE, key }, NOON).payload);
    assert.equal(event.data.key, key);
    assert.ok(event.id.includes(key));
  });
});
