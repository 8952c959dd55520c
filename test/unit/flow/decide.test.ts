import assert from 'node:assert/strict';
import type { AlarmRule } from '../../../src/domain/agent-spec.ts';
import type { AlarmChange } from '../../../src/domain/decision.ts';
import { Decider, type DeciderOptions, UNCERTAIN } from '../../../src/flow/decide.ts';
import { seeded } from '../../../src/sim/random.ts';
import { whole } from './random.ts';

const NOON = Date.UTC(2026, 6, 1, 12);
const NO_REST = { cooldownMs: 0 };

function rule(change: Partial<AlarmRule> = {}): AlarmRule {
  return {
    name: 'worn',
    severity: 'critical',
    labels: undefined,
    direction: 'above',
    raise: 0.8,
    clear: 0.5,
    k: 1,
    n: 1,
    cooldownMs: 60_000,
    action: undefined,
    ...change,
  };
}

/** A decider of one value a window, fed a second apart, that writes down when an alarm turns. */
class Bench {
  readonly decider: Decider;
  readonly changes: AlarmChange[] = [];
  nowMs = NOON;

  constructor(change: Partial<AlarmRule> = {}, options: Partial<DeciderOptions> = {}) {
    const defaults = { task: 'regression', labels: ['wear'], floor: 0, maxKeys: 100 } as const;
    this.decider = new Decider({ ...defaults, alarms: [rule(change)], ...options });
  }

  /** What each signal turns, in order: `^` raised, `v` cleared, `.` nothing. */
  feed(signals: readonly number[], key = 'a'): string {
    return signals.map((signal) => this.push(signal, key)).join('');
  }

  push(signal: number, key = 'a'): string {
    const before = this.changes.length;
    this.decider.decide(key, Float32Array.of(signal), 0, this.nowMs, this.changes);
    this.nowMs += 1000;
    const turned = this.changes.slice(before).map(({ kind }) => (kind === 'raised' ? '^' : 'v'));
    return turned.length === 0 ? '.' : turned.join('');
  }
}

describe('an outcome', () => {
  const decider = (task: DeciderOptions['task'], labels: readonly string[], floor = 0.5) =>
    new Decider({ task, labels, floor, alarms: [], maxKeys: 10 });

  it('is the label with the highest score', () => {
    const { label, score } =
      decider('classification', ['a', 'b', 'c']).outcomeOf(Float32Array.of(0.25, 0.625, 0.125), 0) ?? {};
    assert.deepEqual([label, score], ['b', 0.625]);
  });

  it('is the first of two that are equal', () => {
    assert.equal(decider('classification', ['a', 'b']).outcomeOf(Float32Array.of(0.5, 0.5), 0)?.label, 'a');
  });

  it('is uncertain under the floor, and sure on it', () => {
    const scores = Float32Array.of(0.5, 0.25);
    assert.equal(decider('classification', ['a', 'b'], 0.5).outcomeOf(scores, 0)?.label, 'a');
    assert.deepEqual(decider('classification', ['a', 'b'], 0.51).outcomeOf(scores, 0), {
      label: UNCERTAIN,
      score: 0.5,
    });
  });

  it('is the value itself for a regression, whatever the floor', () => {
    assert.deepEqual(decider('regression', ['flights']).outcomeOf(Float32Array.of(-17.5), 0), {
      label: 'flights',
      score: -17.5,
    });
  });

  it('is read from its own row of a batch', () => {
    const scores = Float32Array.of(1, 0, 0, 1, 0.75, 0.25);
    const seen = [0, 1, 2].map(
      (row) => decider('classification', ['a', 'b']).decide('k', scores, row, NOON, [])?.label,
    );
    assert.deepEqual(seen, ['a', 'b', 'a']);
  });

  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    it(`is none where a score is ${bad}, first or last`, () => {
      const classes = decider('classification', ['a', 'b']);
      assert.equal(classes.outcomeOf(Float32Array.of(bad, 1), 0), undefined);
      assert.equal(classes.outcomeOf(Float32Array.of(1, bad), 0), undefined);
    });
  }

  it('is none where the model gave too few scores', () => {
    assert.equal(decider('classification', ['a', 'b']).outcomeOf(Float32Array.of(1), 0), undefined);
  });
});

describe('an alarm', () => {
  const scripts: readonly [what: string, change: Partial<AlarmRule>, signals: readonly number[], turns: string][] = [
    ['begins at `raise` and ends short of `clear`', NO_REST, [0.7, 0.8, 0.9, 0.6, 0.5, 0.4, 0.4], '.^...v.'],
    ['begins and ends at one limit where both are the same', { ...NO_REST, clear: 0.8 }, [0.8, 0.7, 0.8], '^v^'],
    [
      'may look for low signals',
      { ...NO_REST, direction: 'below', raise: 30, clear: 40 },
      [31, 30, 35, 40, 41, 35, 29],
      '.^..v.^',
    ],
    [
      'needs k of the last n windows to begin',
      { k: 3, n: 5 },
      [1, 0, 1, 0, 0, 1, 0, 1, 0, 1],
      '.......^..'.replace('^..', '..^'),
    ],
    ['forgets votes older than n windows', { k: 2, n: 3 }, [1, 0, 0, 1, 0, 1], '.....^'],
    ['needs k of n to end, too', { k: 3, n: 5 }, [1, 1, 1, 0, 0, 1, 0], '..^...v'],
    ['is not ended by windows between the limits', { k: 2, n: 2 }, [1, 1, 0.6, 0.4, 0.6, 0.4, 0.4], '.^....v'],
  ];
  for (const [what, change, signals, turns] of scripts) {
    it(what, () => assert.equal(new Bench(change).feed(signals), turns));
  }

  it('is not ended by quiet windows from before it began', () => {
    assert.equal(new Bench({ k: 1, n: 5 }).feed([0, 0, 0, 1, 1, 1, 0]), '...^..v');
  });

  it('does not begin again with the windows that it began with', () => {
    assert.equal(new Bench({ ...NO_REST, k: 1, n: 5 }).feed([1, 1, 0, 0, 0, 1]), '^.v..^');
  });

  it('sums the scores of its labels', () => {
    const decider = new Decider({
      task: 'classification',
      labels: ['normal', 'inner', 'outer'],
      floor: 0,
      alarms: [rule({ labels: ['outer', 'inner'], raise: 0.75 })],
      maxKeys: 10,
    });
    const changes: AlarmChange[] = [];
    decider.decide('a', Float32Array.of(0.25, 0.25, 0.5), 0, NOON, changes);
    assert.deepEqual(changes, [
      {
        kind: 'raised',
        rule: 'worn',
        key: 'a',
        episode: { sinceMs: NOON },
        signal: 0.75,
        outcome: { label: 'outer', score: 0.5 },
      },
    ]);
  });

  it('counts 32 windows, and not one of the 33rd', () => {
    const bench = new Bench({ k: 32, n: 32 });
    assert.equal(bench.feed(new Array(31).fill(1)), '.'.repeat(31));
    assert.equal(bench.feed([0]), '.');
    assert.equal(bench.feed(new Array(32).fill(1)), `${'.'.repeat(31)}^`);
    assert.equal(bench.feed(new Array(32).fill(0)), `${'.'.repeat(31)}v`);
  });

  it('is of one key: others begin and end on their own', () => {
    const bench = new Bench({ k: 2, n: 2 });
    assert.equal(bench.feed([1], 'a') + bench.feed([1], 'b') + bench.feed([1], 'a') + bench.feed([0], 'b'), '..^.');
    assert.equal(bench.decider.active, 1);
  });

  it('is judged by each rule on its own', () => {
    const decider = new Decider({
      task: 'regression',
      labels: ['wear'],
      floor: 0,
      alarms: [rule({ name: 'high' }), rule({ name: 'low', direction: 'below', raise: 0.1, clear: 0.2 })],
      maxKeys: 10,
    });
    const changes: AlarmChange[] = [];
    for (const signal of [1, 0]) decider.decide('a', Float32Array.of(signal), 0, NOON, changes);
    assert.deepEqual(
      changes.map(({ rule, kind }) => `${rule} ${kind}`),
      ['high raised', 'high cleared', 'low raised'],
    );
  });

  it('is neither begun nor ended by scores that are not finite', () => {
    const bench = new Bench();
    assert.equal(bench.feed([Number.NaN, 1, Number.NaN, Number.POSITIVE_INFINITY, 0]), '.^..v');
  });

  it('says what it saw of the episode that it ends', () => {
    const bench = new Bench();
    bench.feed([0, 1, 0]);
    assert.deepEqual(
      bench.changes.map(({ kind, episode, signal }) => [kind, episode.sinceMs - NOON, signal]),
      [
        ['raised', 1000, 1],
        ['cleared', 1000, 0],
      ],
    );
  });
});

describe('the cooldown', () => {
  it('holds back the next alarm of the key, and lets it come while the signal lasts', () => {
    const bench = new Bench({ cooldownMs: 5000 });
    assert.equal(bench.feed([1, 0, 1, 1, 1, 1, 1]), '^v...^.');
  });

  it('holds back no other key', () => {
    const bench = new Bench();
    assert.equal(bench.feed([1, 0], 'a') + bench.feed([1], 'b'), '^v^');
  });

  it('silences no alarm when the clock was set back', () => {
    const bench = new Bench();
    bench.feed([1, 0]);
    bench.nowMs -= 365 * 24 * 3600 * 1000;
    assert.equal(bench.feed([1]), '^');
  });

  it('holds again once the clock was set back', () => {
    const bench = new Bench();
    bench.feed([1, 0]);
    bench.nowMs -= 365 * 24 * 3600 * 1000;
    assert.equal(bench.feed([1, 0, 1, 0]), '^v..', 'the second alarm of the new time waits');
  });

  it('never lets an episode begin at or before an older one: its start is part of the id', () => {
    const bench = new Bench(NO_REST);
    for (const jumpMs of [-1000, -5000, 1_000_000, -2_000_000]) {
      bench.feed([1, 0]);
      bench.nowMs += jumpMs;
    }
    const starts = bench.changes.filter(({ kind }) => kind === 'raised').map(({ episode }) => episode.sinceMs);
    assert.deepEqual(
      starts,
      [...new Set(starts)].sort((a, b) => a - b),
    );
    assert.equal(starts.length, 4);
  });
});

describe('after a restart', () => {
  it('an episode goes on in silence and ends under its own start', () => {
    const bench = new Bench();
    assert.equal(bench.decider.resume('worn', 'a', { sinceMs: NOON - 5000 }), true);
    assert.equal(bench.decider.active, 1);
    assert.equal(bench.feed([1, 1, 0]), '..v');
    assert.equal(bench.changes[0]?.episode.sinceMs, NOON - 5000);
  });

  it('its cooldown goes on, too', () => {
    const bench = new Bench({ cooldownMs: 10_000 });
    bench.decider.resume('worn', 'a', { sinceMs: NOON - 5000 });
    assert.equal(bench.feed([0, 1, 1, 1, 1, 1]), 'v....^');
  });

  it('an unknown rule resumes nothing', () => {
    const { decider } = new Bench();
    assert.equal(decider.resume('gone', 'a', { sinceMs: NOON }), false);
    assert.equal(decider.active, 0);
  });

  it('all episodes that are going on are told', () => {
    const bench = new Bench();
    bench.decider.resume('worn', 'b', { sinceMs: NOON - 1 });
    bench.feed([1], 'a');
    bench.feed([0], 'c');
    assert.deepEqual(
      [...bench.decider.episodes()],
      [
        { rule: 'worn', key: 'b', episode: { sinceMs: NOON - 1 } },
        { rule: 'worn', key: 'a', episode: { sinceMs: NOON } },
      ],
    );
  });
});

describe('a change that could not be told', () => {
  function undone(bench: Bench): void {
    const change = bench.changes.at(-1);
    assert.ok(change);
    bench.decider.undo(change);
  }

  it('comes up again with the next window when it was a beginning, cooldown or not', () => {
    const bench = new Bench({ k: 2, n: 3 });
    assert.equal(bench.feed([1, 1]), '.^');
    undone(bench);
    assert.equal(bench.decider.active, 0);
    assert.equal(bench.feed([1]), '^');
  });

  it('comes up again under the same episode when it was an end', () => {
    const bench = new Bench();
    bench.feed([1, 0]);
    undone(bench);
    assert.equal(bench.decider.active, 1);
    assert.equal(bench.feed([0]), 'v');
    assert.equal(bench.changes.at(-1)?.episode, bench.changes[0]?.episode);
  });

  it('takes nothing back that has turned again meanwhile', () => {
    const bench = new Bench(NO_REST);
    bench.feed([1, 0, 1]);
    const [raised, cleared, again] = bench.changes;
    assert.ok(raised && cleared && again);
    bench.decider.undo(raised);
    bench.decider.undo(cleared);
    assert.deepEqual([...bench.decider.episodes()], [{ rule: 'worn', key: 'a', episode: again.episode }]);
  });

  it('of an unknown rule is no matter', () => {
    const bench = new Bench();
    bench.feed([1]);
    bench.decider.undo({ ...(bench.changes[0] as AlarmChange), rule: 'gone' });
    assert.equal(bench.decider.active, 1);
  });
});

describe('thresholds', () => {
  it('count from the next window on when they are changed', () => {
    const bench = new Bench(NO_REST);
    assert.equal(bench.feed([0.6]), '.');
    assert.equal(bench.decider.setThreshold('worn', 0.6, 0.3), true);
    assert.equal(bench.feed([0.6, 0.4, 0.2]), '^.v');
    assert.deepEqual(bench.decider.thresholds(), { worn: { direction: 'above', raise: 0.6, clear: 0.3 } });
  });

  it('of an unknown rule are refused', () => {
    const { decider } = new Bench();
    assert.equal(decider.setThreshold('gone', 1, 0), false);
    assert.deepEqual(decider.thresholds(), { worn: { direction: 'above', raise: 0.8, clear: 0.5 } });
  });

  it("do not change the configuration's own rule", () => {
    const configured = Object.freeze(rule());
    new Decider({ task: 'regression', labels: ['x'], floor: 0, alarms: [configured], maxKeys: 1 }).setThreshold(
      'worn',
      9,
      9,
    );
    assert.equal(configured.raise, 0.8);
  });
});

describe('keys of a decider', () => {
  it('go in the order in which they were last heard', () => {
    const bench = new Bench({ k: 3, n: 3 }, { maxKeys: 2 });
    for (const key of ['a', 'b', 'a', 'c']) bench.feed([1], key);
    assert.equal(bench.feed([1], 'a'), '^', 'a was heard later than b, and kept its votes');
  });

  it('stay while they are in alarm and another can go', () => {
    const bench = new Bench({}, { maxKeys: 2 });
    bench.feed([1], 'alarmed');
    for (let i = 0; i < 100; i++) bench.feed([0], `quiet-${i}`);
    assert.equal(bench.feed([1], 'alarmed'), '.', 'it is not announced twice');
    assert.equal(bench.decider.active, 1);
  });

  it('go even in alarm when all are', () => {
    const bench = new Bench({}, { maxKeys: 2 });
    for (const key of ['a', 'b', 'c']) bench.feed([1], key);
    assert.deepEqual(
      [...bench.decider.episodes()].map(({ key }) => key),
      ['b', 'c'],
    );
  });
});

describe('any signal at all', () => {
  for (let seed = 1; seed <= 30; seed++) {
    it(`raises and clears in turn, as counting by hand does (seed ${seed})`, () => {
      const random = seeded(seed).uniform;
      const n = whole(random, 1, 32);
      const k = whole(random, 1, n);
      const bench = new Bench({ ...NO_REST, k, n });
      const signals = Array.from({ length: 300 }, () => whole(random, 0, 20) / 20);
      assert.equal(bench.feed(signals), byHand(signals, k, n));
    });
  }
});

/** The same rule, the slow way: of the windows since the last turn, the last n are counted. */
function byHand(signals: readonly number[], k: number, n: number): string {
  let inAlarm = false;
  let sinceTurn: number[] = [];
  let turns = '';
  for (const signal of signals.map(Math.fround)) {
    sinceTurn.push(signal);
    const votes = sinceTurn.slice(-n).filter((each) => (inAlarm ? each < 0.5 : each >= 0.8)).length;
    if (votes < k) {
      turns += '.';
      continue;
    }
    inAlarm = !inAlarm;
    turns += inAlarm ? '^' : 'v';
    sinceTurn = [];
  }
  return turns;
}
