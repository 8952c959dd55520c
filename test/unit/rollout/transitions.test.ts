import { deepEqual, equal, ok } from 'node:assert/strict';
import { ROLLOUT_STATES } from '../../../src/domain/rollout.ts';
import type { Effect, EventType } from '../../../src/rollout/events.ts';
import { CANNOT_HAPPEN, TRANSITIONS } from '../../../src/rollout/transitions.ts';
import { HAPPENS } from '../../fixtures/rollout/events.ts';

const EVENTS = Object.keys(HAPPENS) as EventType[];
/** Effects that answer with an event. */
const TELLING: readonly Effect[] = [
  'verify',
  'stage',
  'test',
  'canary',
  'swap',
  'watch',
  'rollBack',
  'rollBackLater',
  'settle',
];

describe('The table of transitions', () => {
  it('knows for every state and event what happens, or why it cannot', () => {
    for (const state of ROLLOUT_STATES) {
      for (const on of EVENTS) {
        const rows = TRANSITIONS.filter((row) => row.on === on && row.from.includes(state));
        ok(rows.length > 0 || CANNOT_HAPPEN[on] !== undefined, `${on} in ${state}`);
      }
    }
  });

  it('leaves no gap between conditions: the last row of a pair has none', () => {
    for (const state of ROLLOUT_STATES) {
      for (const on of EVENTS) {
        const rows = TRANSITIONS.filter((row) => row.on === on && row.from.includes(state));
        const conditions = rows.map(({ when }) => when);
        equal(conditions.at(-1), undefined, `${on} in ${state}`);
        ok(
          conditions.slice(0, -1).every((when) => when !== undefined),
          `${on} in ${state}: no row hides another`,
        );
      }
    }
  });

  it('says of events that wishes and power cuts bring what happens in every state', () => {
    const always: readonly EventType[] = ['requested', 'cancelRequested', 'rollbackRequested', 'booted', 'stopped'];
    for (const on of always) equal(CANNOT_HAPPEN[on], undefined);
  });

  it('waits for one answer at a time: only the last effect of a row tells an event', () => {
    for (const row of TRANSITIONS) {
      if ('refuse' in row) continue;
      for (const effect of row.effects.slice(0, -1)) ok(!TELLING.includes(effect), `${row.on}: ${effect} is not last`);
    }
  });

  it('reaches every state, and leaves every state', () => {
    const moves = TRANSITIONS.flatMap((row) => ('refuse' in row || row.to === 'same' ? [] : [row]));
    deepEqual(new Set(moves.map(({ to }) => to)), new Set(ROLLOUT_STATES));
    for (const state of ROLLOUT_STATES)
      ok(
        moves.some(({ from, to }) => from.includes(state) && to !== state),
        state,
      );
  });

  it('changes the active model at the swap and on the way back only', () => {
    const changing = TRANSITIONS.filter(
      (row) =>
        !('refuse' in row) &&
        row.record.some((change) => ['activate', 'replace', 'restore', 'leave', 'stay'].includes(change)),
    );
    deepEqual(
      new Set(changing.map(({ on }) => on)),
      new Set([
        ...['swapped', 'watchUnhealthy', 'activeBroken', 'cancelRequested', 'rollbackRequested', 'booted'],
        'wayBackLost',
      ]),
    );
    deepEqual(
      new Set(changing.flatMap(({ from }) => from)),
      new Set(['swapping', 'watching', 'rollingBack', 'idle', 'committed', 'quarantined', 'verifying', 'testing']),
    );
  });

  it('does something in every row that ends a rollout: tidies up and looks for the next request', () => {
    for (const row of TRANSITIONS) {
      // Superseded, or left for a model that loads: the next rollout has begun.
      if ('refuse' in row || row.on === 'requested' || row.record.includes('leave')) continue;
      if (!row.record.some((change) => change.startsWith('end'))) continue;
      deepEqual(row.effects.slice(-2), ['forget', 'settle'], `${row.on} from ${row.from.join()}`);
    }
  });

  it('gives a reason for every row', () => {
    for (const { because } of TRANSITIONS) ok(because.length > 15);
  });
});
