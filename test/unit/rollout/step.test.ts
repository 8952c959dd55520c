import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import { failure } from '../../../src/domain/errors.ts';
import type { RolloutOutcome, RolloutState, SlotRecord } from '../../../src/domain/rollout.ts';
import { MAX_QUARANTINED } from '../../../src/rollout/changes.ts';
import type { EventType, RolloutEvent } from '../../../src/rollout/events.ts';
import { emptySlot, keptRefs, step } from '../../../src/rollout/step.ts';
import { HAPPENS, ref, request, slotWithA } from '../../fixtures/rollout/events.ts';

type Row = {
  readonly name: string;
  readonly slot?: SlotRecord;
  readonly events: readonly (EventType | RolloutEvent)[];
  readonly states: readonly RolloutState[];
  readonly active?: string;
  readonly previous?: string | undefined;
  readonly last?: RolloutOutcome['outcome'];
  readonly code?: string;
  readonly quarantined?: readonly string[];
};

const TO_CANARY = ['requested', 'verified', 'staged', 'testPassed'] as const;
const TO_WATCH = [...TO_CANARY, 'canaryHealthy', 'swapped'] as const;
const TESTED: readonly RolloutState[] = ['verifying', 'staging', 'testing', 'canary'];
const WATCHED: readonly RolloutState[] = [...TESTED, 'swapping', 'watching'];
const second: RolloutEvent = { type: 'requested', request: request('r2') };
const third: RolloutEvent = { type: 'requested', request: request('r3') };
const badB = { ref: ref('B'), reason: 'it was slow', sinceMs: 5 };

const TOO_SLOW: RolloutEvent = {
  type: 'testFailed',
  failure: failure('E_ROLLOUT_GATE', 'latency'),
  evidence: [
    { gate: 'golden', measured: 0, allowed: 1e-4, samples: 8 },
    { gate: 'latency', measured: 8, allowed: 5, samples: 200 },
  ],
};

const ROWS: readonly Row[] = [
  {
    name: 'a good model is committed',
    events: [...TO_WATCH, 'watchHealthy', 'settled'],
    states: [...WATCHED, 'committed', 'idle'],
    active: 'B',
    previous: 'A',
    last: 'committed',
  },
  {
    name: 'a bad one is undone',
    events: [...TO_WATCH, 'watchUnhealthy', 'rolledBack', 'settled'],
    states: [...WATCHED, 'rollingBack', 'quarantined', 'idle'],
    active: 'A',
    previous: 'Z',
    last: 'rolledBack',
    code: 'E_ROLLOUT_GATE',
    quarantined: ['B'],
  },
  {
    name: 'a package that is not genuine is refused, and not quarantined',
    events: ['requested', 'refused', 'settled'],
    states: ['verifying', 'idle', 'idle'],
    active: 'A',
    previous: 'Z',
    last: 'refused',
    code: 'E_FILE_MISSING',
    quarantined: [],
  },
  {
    name: 'a full disk is no fault of the model',
    events: ['requested', 'verified', 'stageFailed', 'settled'],
    states: ['verifying', 'staging', 'idle', 'idle'],
    last: 'refused',
    code: 'E_DISK_FULL',
    quarantined: [],
  },
  {
    name: 'a model that fails its test is quarantined',
    events: ['requested', 'verified', 'staged', 'testFailed', 'settled'],
    states: ['verifying', 'staging', 'testing', 'quarantined', 'idle'],
    active: 'A',
    last: 'refused',
    quarantined: ['B'],
  },
  {
    name: 'a model that is only too slow, here and now, is refused without blame',
    events: ['requested', 'verified', 'staged', TOO_SLOW, 'settled'],
    states: ['verifying', 'staging', 'testing', 'idle', 'idle'],
    active: 'A',
    last: 'refused',
    quarantined: [],
  },
  {
    name: 'a device that cannot try it blames nobody',
    events: ['requested', 'verified', 'staged', 'testImpossible'],
    states: ['verifying', 'staging', 'testing', 'idle'],
    last: 'refused',
    quarantined: [],
  },
  {
    name: 'a model that disagrees is quarantined',
    events: [...TO_CANARY, 'canaryUnhealthy'],
    states: [...TESTED, 'quarantined'],
    active: 'A',
    last: 'refused',
    quarantined: ['B'],
  },
  {
    name: 'too few windows refuse without blame',
    events: [...TO_CANARY, 'canaryUndecided'],
    states: [...TESTED, 'idle'],
    active: 'A',
    last: 'refused',
    code: 'E_ROLLOUT_UNDECIDED',
    quarantined: [],
  },
  {
    name: 'a swap that fails goes back',
    events: [...TO_CANARY, 'canaryHealthy', 'swapFailed', 'rolledBack'],
    states: [...TESTED, 'swapping', 'rollingBack', 'quarantined'],
    active: 'A',
    previous: 'Z',
    last: 'rolledBack',
    quarantined: ['B'],
  },
  {
    name: 'the first model of a slot is committed without canary and watch',
    slot: emptySlot('s', 0),
    events: ['requested', 'verified', 'staged', 'testPassed', 'swapped', 'settled'],
    states: ['verifying', 'staging', 'testing', 'swapping', 'committed', 'idle'],
    active: 'B',
    previous: undefined,
    last: 'committed',
  },
  {
    name: 'the first model of a slot may fail its test',
    slot: emptySlot('s', 0),
    events: ['requested', 'verified', 'staged', 'testFailed', 'settled'],
    states: ['verifying', 'staging', 'testing', 'quarantined', 'idle'],
    last: 'refused',
    quarantined: ['B'],
  },
  {
    name: 'the active package again is committed at once',
    slot: slotWithA({ active: ref('B') }),
    events: ['requested', 'verified', 'settled'],
    states: ['verifying', 'committed', 'idle'],
    active: 'B',
    previous: 'Z',
    last: 'committed',
  },
  {
    name: 'a quarantined version is refused',
    slot: slotWithA({ quarantine: [badB] }),
    events: ['requested', 'verified', 'settled'],
    states: ['verifying', 'idle', 'idle'],
    active: 'A',
    last: 'refused',
    code: 'E_ROLLOUT_QUARANTINED',
    quarantined: ['B'],
  },
  {
    name: 'a quarantined version that is forced and proves itself is not bad any more',
    slot: slotWithA({ quarantine: [badB] }),
    events: [{ type: 'requested', request: request('r1', { force: true }) }, ...TO_WATCH.slice(1), 'watchHealthy'],
    states: [...WATCHED, 'committed'],
    active: 'B',
    last: 'committed',
    quarantined: [],
  },
  {
    name: 'before the swap a newer request takes the place',
    events: [...TO_CANARY, second],
    states: [...TESTED, 'verifying'],
    active: 'A',
    last: 'superseded',
  },
  {
    name: 'from the swap on a newer request waits',
    events: [...TO_WATCH, second, 'watchHealthy', 'settled'],
    states: [...WATCHED, 'watching', 'committed', 'verifying'],
    active: 'B',
    last: 'committed',
  },
  {
    name: 'what waits survives a failure',
    events: [...TO_WATCH, second, 'watchUnhealthy', 'rolledBack', 'settled'],
    states: [...WATCHED, 'watching', 'rollingBack', 'quarantined', 'verifying'],
    active: 'A',
    last: 'rolledBack',
  },
  {
    name: 'cancelled before the swap, nothing has happened',
    events: [...TO_CANARY, 'cancelRequested', 'settled'],
    states: [...TESTED, 'idle', 'idle'],
    active: 'A',
    previous: 'Z',
    last: 'cancelled',
    quarantined: [],
  },
  {
    name: 'cancelled while swapping, it goes back without blame',
    events: [...TO_CANARY, 'canaryHealthy', 'cancelRequested', 'rolledBack'],
    states: [...TESTED, 'swapping', 'rollingBack', 'idle'],
    active: 'A',
    previous: 'Z',
    last: 'cancelled',
    quarantined: [],
  },
  {
    name: 'cancelled while watching, it goes back without blame',
    events: [...TO_WATCH, 'cancelRequested', 'rolledBack'],
    states: [...WATCHED, 'rollingBack', 'idle'],
    active: 'A',
    previous: 'Z',
    last: 'cancelled',
    quarantined: [],
  },
  {
    name: 'a way back that fails is tried again',
    events: [...TO_WATCH, 'watchUnhealthy', 'rollBackFailed', 'rollBackFailed', 'rolledBack'],
    states: [...WATCHED, 'rollingBack', 'rollingBack', 'rollingBack', 'quarantined'],
    active: 'A',
  },
  {
    name: 'rolled back by hand, the left version is quarantined',
    events: ['rollbackRequested', 'rolledBack', 'settled'],
    states: ['rollingBack', 'quarantined', 'idle'],
    active: 'Z',
    previous: undefined,
    last: 'rolledBack',
    code: 'E_ROLLOUT_UNDONE',
    quarantined: ['A'],
  },
  {
    name: 'an active model that does not load any more gives way to the previous one',
    events: ['booted', 'activeBroken', 'rolledBack'],
    states: ['idle', 'rollingBack', 'quarantined'],
    active: 'Z',
    last: 'rolledBack',
    code: 'E_MODEL_LOAD',
  },
  {
    name: 'an active model that breaks during a rollout ends it: readings come first',
    events: [...TO_CANARY, 'booted', 'activeBroken', 'rolledBack', 'settled'],
    states: [...TESTED, 'testing', 'rollingBack', 'quarantined', 'idle'],
    active: 'Z',
    last: 'rolledBack',
    quarantined: ['A'],
  },
  {
    name: 'an active model that the disk lost is left without blame',
    events: ['booted', { ...HAPPENS.activeBroken, failure: failure('E_MODEL_DIGEST') }, 'rolledBack', 'settled'],
    states: ['idle', 'rollingBack', 'idle', 'idle'],
    active: 'Z',
    last: 'rolledBack',
    quarantined: [],
  },
  {
    name: 'without a previous model the candidate may be the cure',
    slot: slotWithA({ previous: undefined }),
    events: [...TO_CANARY, 'booted', 'activeBroken', 'testPassed'],
    states: [...TESTED, 'testing', 'testing', 'canary'],
  },
  {
    name: 'a watched model that does not load any more goes back',
    events: [...TO_WATCH, 'booted', 'activeBroken', 'rolledBack'],
    states: [...WATCHED, 'watching', 'rollingBack', 'quarantined'],
    active: 'A',
    previous: 'Z',
  },
  {
    name: 'a broken model without a previous one stays, as there is no other',
    slot: slotWithA({ previous: undefined }),
    events: ['activeBroken', 'settled'],
    states: ['idle', 'idle'],
    active: 'A',
  },
  {
    name: 'a start while verifying asks the source again, which may be gone',
    events: ['requested', 'booted', 'refused'],
    states: ['verifying', 'verifying', 'idle'],
    active: 'A',
    last: 'refused',
    code: 'E_FILE_MISSING',
  },
  {
    name: 'a start while staging verifies again',
    events: ['requested', 'verified', 'booted'],
    states: ['verifying', 'staging', 'verifying'],
  },
  {
    name: 'a start in the canary tests again',
    events: [...TO_CANARY, 'booted'],
    states: [...TESTED, 'testing'],
    active: 'A',
  },
  {
    name: 'a start while swapping tests again: the old model is still active',
    events: [...TO_CANARY, 'canaryHealthy', 'booted'],
    states: [...TESTED, 'swapping', 'testing'],
    active: 'A',
  },
  {
    name: 'a start while watching watches anew',
    events: [...TO_WATCH, 'booted', 'watchHealthy'],
    states: [...WATCHED, 'watching', 'committed'],
    active: 'B',
  },
  {
    name: 'a start on the way back goes back',
    events: [...TO_WATCH, 'watchUnhealthy', 'booted', 'rolledBack'],
    states: [...WATCHED, 'rollingBack', 'rollingBack', 'quarantined'],
    active: 'A',
  },
  {
    name: 'four starts while watching are a crash loop',
    events: [...TO_WATCH, 'booted', 'booted', 'booted', 'booted'],
    states: [...WATCHED, 'watching', 'watching', 'watching', 'rollingBack'],
    active: 'A',
  },
  {
    name: 'stops in good order are no crash loop',
    events: [...TO_WATCH, 'booted', 'stopped', 'booted', 'stopped', 'booted', 'stopped', 'booted', 'stopped', 'booted'],
    states: [...WATCHED, ...new Array<RolloutState>(9).fill('watching')],
    active: 'B',
  },
  {
    name: 'four starts while verifying are a crash loop, and no blame',
    events: ['requested', 'booted', 'booted', 'booted', 'booted'],
    states: ['verifying', 'verifying', 'verifying', 'verifying', 'idle'],
    last: 'refused',
    code: 'E_ROLLOUT_CRASH_LOOP',
    quarantined: [],
  },
];

describe('A step of a rollout', () => {
  for (const { name, slot, events, states, ...expected } of ROWS) {
    it(name, () => {
      const { record, seen } = follow(slot ?? slotWithA(), events);
      deepEqual(seen, states);
      if (expected.active !== undefined) deepEqual(record.active, ref(expected.active));
      if ('previous' in expected) {
        deepEqual(record.previous, expected.previous === undefined ? undefined : ref(expected.previous));
      }
      if (expected.last !== undefined) equal(record.last?.outcome, expected.last);
      if (expected.code !== undefined) equal(record.last?.code, expected.code);
      if (expected.quarantined !== undefined) {
        deepEqual(
          record.quarantine.map((bad) => bad.ref),
          expected.quarantined.map(ref),
        );
      }
    });
  }

  it('raises the release floor at the commit and not before', () => {
    equal(follow(slotWithA(), TO_WATCH).record.releaseFloor, 1);
    equal(follow(slotWithA(), [...TO_WATCH, 'watchHealthy']).record.releaseFloor, 2);
    equal(follow(slotWithA(), [...TO_WATCH, 'watchUnhealthy', 'rolledBack', 'settled']).record.releaseFloor, 1);
  });

  it('keeps the release floor when a model is rolled back by hand', () => {
    const { record } = follow(slotWithA({ releaseFloor: 7 }), ['rollbackRequested', 'rolledBack', 'settled']);
    equal(record.releaseFloor, 7);
  });

  it('tells the outcome of a request that a third one pushes out of the queue', () => {
    const { record } = follow(slotWithA(), [...TO_WATCH, second]);
    const taken = step(record, third, 3000);
    ok(taken.ok);
    deepEqual(
      taken.value.ended.map(({ id, outcome }) => [id, outcome]),
      [['r2', 'superseded']],
    );
    equal(taken.value.record.queued?.id, 'r3');
  });

  it('records an outcome with its evidence, where it came from and how long it took', () => {
    const { record } = follow(slotWithA(), [...TO_WATCH, 'watchUnhealthy', 'rolledBack']);
    const { id, ref: of, from, evidence, reason, startedAtMs, endedAtMs } = record.last as RolloutOutcome;
    deepEqual({ id, of, from }, { id: 'r1', of: ref('B'), from: ref('A') });
    equal(evidence.length, 3, 'test, canary and watch');
    ok(reason.includes('agreement'));
    ok(startedAtMs < endedAtMs);
  });

  it('refuses wishes that fit no state, and changes nothing', () => {
    const rows: [SlotRecord, EventType, string][] = [
      [slotWithA(), 'cancelRequested', 'E_ROLLOUT_NOTHING'],
      [slotWithA({ previous: undefined }), 'rollbackRequested', 'E_ROLLOUT_NOTHING'],
      [follow(slotWithA(), TO_CANARY).record, 'rollbackRequested', 'E_ROLLOUT_BUSY'],
      [slotWithA({ state: 'swapping', active: undefined }), 'cancelRequested', 'E_ROLLOUT_BUSY'],
    ];
    for (const [record, on, code] of rows) {
      const taken = step(record, HAPPENS[on], 2000);
      equal(taken.ok ? 'taken' : taken.error.code, code, on);
    }
  });

  it('throws on an event that cannot happen, saying why', () => {
    throws(() => step(slotWithA(), HAPPENS.swapped, 2000), /swapped in idle cannot happen because/);
  });

  it('remembers a bounded number of bad versions, the latest', () => {
    const many = Array.from({ length: MAX_QUARANTINED }, (_, i) => ({ ...badB, ref: { ...ref('C'), digest: `${i}` } }));
    const { record } = follow(slotWithA({ quarantine: many }), [...TO_CANARY, 'canaryUnhealthy']);
    equal(record.quarantine.length, MAX_QUARANTINED);
    equal(record.quarantine[0]?.ref.digest, '1');
    deepEqual(record.quarantine.at(-1)?.ref, ref('B'));
  });

  it('protects active, previous, candidate and the older one from tidying up', () => {
    const { record } = follow(slotWithA(), TO_WATCH);
    deepEqual(new Set(keptRefs(record)), new Set([ref('A'), ref('B'), ref('Z')]));
    const { record: ended } = follow(record, ['watchUnhealthy', 'rolledBack']);
    deepEqual(keptRefs(ended), [ref('A'), ref('Z')]);
  });

  it('protects a candidate from its staging on', () => {
    for (const events of [TO_CANARY.slice(0, 2), TO_CANARY.slice(0, 3), TO_CANARY]) {
      deepEqual(keptRefs(follow(slotWithA(), events).record), [ref('A'), ref('Z'), ref('B')]);
    }
  });

  it('returns the very same record where nothing changed, so that nothing is written', () => {
    const slot = slotWithA();
    const taken = step(slot, HAPPENS.booted, 2000);
    ok(taken.ok && taken.value.record === slot);
  });
});

function follow(slot: SlotRecord, events: readonly (EventType | RolloutEvent)[]) {
  let record = slot;
  const seen: RolloutState[] = [];
  for (const [index, event] of events.entries()) {
    const taken = step(record, typeof event === 'string' ? HAPPENS[event] : event, 2000 + index);
    ok(taken.ok, 'the event is taken');
    record = taken.value.record;
    seen.push(record.state);
  }
  return { record, seen };
}
