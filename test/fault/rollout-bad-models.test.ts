import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ErrorCode } from '../../src/domain/errors.ts';
import type { Gates } from '../../src/domain/manifest.ts';
import type { Gate, RolloutOutcome } from '../../src/domain/rollout.ts';
import { FakeLog } from '../fakes/log.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { packageFolder } from '../fixtures/rollout-fault/contract.ts';
import * as graphs from '../fixtures/rollout-fault/graphs.ts';
import { KEYS, Line, type LineAnswer, rightLabel } from '../fixtures/rollout-fault/line.ts';
import { publish } from '../fixtures/rollout-fault/releases.ts';

const MIB = 2 ** 20;
/** Of a candidate: right answers apart from what is bad about it. */
const SCALE = 0.9;
/** A probation that lasts until it is decided. */
const WATCHED = {
  watch: { windows: 1e6, durationMs: 60_000, maxErrorRate: 0.01, maxDrift: 0.25, maxAlarmRateJump: 3 },
};
/** One batch at most holds so many windows of a key, and figures are looked at within as many. */
const LOST_AT_MOST = 100;
/** Answers of each key that show that life goes on. */
const ENOUGH = 20;
const CRASHING = fileURLToPath(new URL('../fixtures/rollout-fault/crashing-runner.ts', import.meta.url));

type Row = {
  readonly kind: string;
  readonly graph: Uint8Array;
  /** Left out: those of a right model. */
  readonly golden?: readonly number[];
  readonly gates?: Partial<Gates>;
  readonly outcome: RolloutOutcome['outcome'];
  readonly code: ErrorCode;
  /** The gate that it does not pass, or what the reason says. */
  readonly gate?: Gate;
  readonly reason?: RegExp;
  /** What happens once it is active. */
  readonly once?: 'the world changes';
  /** It costs the windows that it fails on while it is active. */
  readonly loses?: true;
};

// biome-ignore format: a table is read by its rows
const ROWS: readonly Row[] = [
  { kind: 'crashes when it is loaded', graph: graphs.named('crashesAtLoad', SCALE), outcome: 'refused', code: 'E_RUNNER_CRASHED', reason: /SIGABRT|pipe/ },
  { kind: 'crashes later, on a live window', graph: graphs.named('crashesInStateC', SCALE), outcome: 'refused', code: 'E_ROLLOUT_GATE', gate: 'crashes', reason: /runner ended/ },
  { kind: 'hangs on a live window', graph: graphs.hanging(SCALE), outcome: 'refused', code: 'E_ROLLOUT_GATE', gate: 'crashes', reason: /in time/ },
  { kind: 'is slow', graph: graphs.slow(SCALE, 8_000), gates: { latencyBudgetMs: 1 }, outcome: 'refused', code: 'E_ROLLOUT_GATE', gate: 'latency' },
  { kind: 'hogs memory', graph: graphs.hungry(SCALE, 200 * MIB), gates: { memoryBudgetBytes: 220 * MIB }, outcome: 'refused', code: 'E_ROLLOUT_GATE', gate: 'memory' },
  { kind: 'answers NaN', graph: graphs.notFinite(SCALE), outcome: 'refused', code: 'E_ROLLOUT_GATE', gate: 'finite' },
  { kind: 'always answers the same', graph: graphs.constant(SCALE), outcome: 'refused', code: 'E_ROLLOUT_GATE', gate: 'agreement' },
  { kind: 'has its labels mixed up', graph: graphs.permuted(SCALE), golden: [0, SCALE, 0], outcome: 'refused', code: 'E_ROLLOUT_GATE', gate: 'agreement' },
  { kind: 'answers in a wrong shape at one batch size', graph: graphs.wrongShape(SCALE), outcome: 'refused', code: 'E_RUN_FAILED', reason: /6 scores for 3 windows/ },
  { kind: 'drifts once it is active', graph: graphs.drifting(SCALE), gates: WATCHED, outcome: 'rolledBack', code: 'E_ROLLOUT_GATE', gate: 'drift', once: 'the world changes' },
  // These pass every trial, and are active when they fail: what they fail on has no answer.
  { kind: 'crashes once it is active', graph: graphs.named('crashesInNewWorld', SCALE), gates: WATCHED, outcome: 'rolledBack', code: 'E_ROLLOUT_GATE', gate: 'crashes', reason: /runner ended/, once: 'the world changes', loses: true },
  { kind: 'hangs once it is active', graph: graphs.hanging(SCALE, 'world'), gates: WATCHED, outcome: 'rolledBack', code: 'E_ROLLOUT_GATE', gate: 'crashes', reason: /in time/, once: 'the world changes', loses: true },
  { kind: 'answers NaN once it is active', graph: graphs.notFinite(SCALE, 'world'), gates: WATCHED, outcome: 'rolledBack', code: 'E_ROLLOUT_GATE', gate: 'finite', once: 'the world changes', loses: true },
];

describe('a bad model that rolls out, its runner a real process,', function () {
  this.timeout(60_000);
  const answers: LineAnswer[] = [];
  let folder: string;
  let line: Line;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openclaw-bad-'));
    const bad = ROWS.map((row, index) => ({ golden: [SCALE, 0, 0], ...row, version: versionOf(index) }));
    await publish(folder, [{ version: '1.0.0', graph: graphs.right(1), golden: [1, 0, 0] }, ...bad]);
    line = new Line({
      folder,
      stateDir: join(folder, 'state'),
      isolation: 'process',
      log: new FakeLog(),
      candidate: { entry: CRASHING },
      onAnswer: (answer) => answers.push(answer),
    });
    await line.start();
  });
  after(async () => {
    await line?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  for (const [row, { kind, outcome, code, gate, reason = /./, once, loses }] of ROWS.entries()) {
    it(`and ${kind} is ${outcome === 'refused' ? 'refused' : 'rolled back'}: ${gate ?? code}`, async () => {
      const version = versionOf(row);
      const before = answers.length;
      const asked = line.rollouts.request({ id: version, source: packageFolder(folder, version), force: false });
      if (once !== undefined) {
        await waitFor('it is active', () => answers.at(-1)?.version === version);
        line.worldChanged = true;
      }
      const ended = await asked;
      assert.ok(ended.ok, JSON.stringify(ended));
      assert.equal(ended.value.outcome, outcome, ended.value.reason);
      assert.equal(ended.value.code, code, ended.value.reason);
      if (gate !== undefined) assert.match(ended.value.reason, new RegExp(`: ${gate}: `));
      assert.match(ended.value.reason, reason);
      assert.equal(ended.value.ref?.version, version);

      const { active, quarantine } = line.rollouts.record();
      assert.equal(active?.version, '1.0.0');
      // One that is only slow may be faster when the device is less busy.
      const remembered = quarantine.some(({ ref }) => ref.version === version);
      assert.equal(remembered, gate !== 'latency' || outcome !== 'refused', 'whether it is quarantined');
      const during = answers.slice(before);
      assert.ok(during.length >= KEYS.length, 'readings were answered meanwhile');
      const others = during.filter((answer) => answer.version !== '1.0.0');
      assert.ok(
        outcome === 'refused' ? others.length === 0 : others.length > 0,
        `${others.length} answers are not of 1.0.0`,
      );
      if (loses === undefined) assert.deepEqual(gapsOf(during), [], 'no reading was lost');
      line.worldChanged = false;
      await waitFor('the good one answers', () => sinceThen(answers, '1.0.0') >= ENOUGH * KEYS.length);
    });
  }

  it('and answers every reading once, in order, but those that a bad one failed on while it was active', () => {
    const losing = ROWS.filter(({ loses }) => loses).length;
    const gaps = gapsOf(answers);
    assert.ok(gaps.length <= losing * KEYS.length, gaps.join());
    assert.ok(
      gaps.every((gap) => gap > 0 && gap <= LOST_AT_MOST),
      gaps.join(),
    );
    for (const key of KEYS) assert.equal(answers.find((answer) => answer.key === key)?.seq, 0);
  });

  it('and every answer of the good one is right', () => {
    const wrong = answers.filter((answer) => answer.version === '1.0.0' && answer.label !== rightLabel(answer));
    assert.deepEqual(wrong, []);
  });
});

function versionOf(row: number): string {
  return `1.${row + 1}.0`;
}

/** Answers since the last one of another version. */
function sinceThen(answers: readonly LineAnswer[], version: string): number {
  return answers.length - 1 - answers.findLastIndex((answer) => answer.version !== version);
}

/** Windows that are missing between two answers of a key; below zero where one was answered again. */
function gapsOf(answers: readonly LineAnswer[]): number[] {
  return KEYS.flatMap((key) => {
    const seqs = answers.filter((answer) => answer.key === key).map(({ seq }) => seq);
    return seqs.slice(1).map((seq, i) => seq - (seqs[i] ?? seq) - 1);
  }).filter((gap) => gap !== 0);
}
