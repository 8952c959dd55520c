import assert from 'node:assert/strict';
import { parsePeriod } from '../../../src/agent/commands/period.ts';
import { renderCommands } from '../../../src/agent/commands/reference.ts';
import type { Ended } from '../../../src/agent/commands/verb.ts';
import { VERBS } from '../../../src/agent/commands/verbs.ts';
import { fail, ok } from '../../../src/domain/errors.ts';
import { FakeControls } from '../../fakes/controls.ts';
import { FakeRollouts, modelRef } from '../../fakes/rollouts.ts';

const NOW = Date.UTC(2026, 0, 1);

describe('the verbs', () => {
  it('status tells how device and agents are', async () => {
    const controls = new FakeControls(['press', 'saw']);
    controls.agent('saw').state = 'asleep';
    controls.agent('saw').sleepUntilMs = NOW;
    controls.agent('press').metrics.inc('inferences', 3);
    const status = (await value(controls, 'status')) as { verdict: string; agents: Record<string, unknown>[] };
    assert.equal(status.verdict, 'healthy');
    assert.deepEqual(
      status.agents.map((agent) => agent['state']),
      ['running', 'asleep'],
    );
    assert.equal(status.agents[0]?.['inferences'], 3);
    assert.equal(status.agents[1]?.['sleepUntil'], '2026-01-01T00:00:00.000Z');
  });

  it('status and diagnose tell of one agent when it is named', async () => {
    const controls = new FakeControls(['press', 'saw']);
    for (const verb of ['status', 'diagnose']) {
      const { agents } = (await value(controls, verb, { agent: 'saw' })) as { agents: { name: string }[] };
      assert.deepEqual(
        agents.map(({ name }) => name),
        ['saw'],
      );
    }
  });

  it('diagnose shows counters and refused messages', async () => {
    const { agents } = (await value(new FakeControls(), 'diagnose')) as { agents: Record<string, unknown>[] };
    assert.ok(agents[0]?.['metrics']);
    assert.partialDeepStrictEqual(agents[0], { deadLetters: [{ reason: 'not-json' }] });
  });

  it('infer runs one window and answers with the scores', async () => {
    const controls = new FakeControls();
    const result = await value(controls, 'infer', { values: [1, 2.5, -3], key: 'b1' });
    assert.deepEqual(result, { agent: 'press', label: 'normal', score: 0.9, scores: { normal: 0.9 } });
    assert.deepEqual(controls.agent().inferred, [{ values: Float32Array.of(1, 2.5, -3), key: 'b1' }]);
  });

  it('infer wants an agent named when there are several', async () => {
    const result = await run(new FakeControls(['press', 'saw']), 'infer', { values: [1] });
    assert.ok(!result.ok);
    assert.match(result.error.message, /press, saw/);
  });

  it('infer passes the failure of the model on', async () => {
    const controls = new FakeControls();
    controls.agent().answer = async () => fail('E_RUNNER_UNAVAILABLE');
    const result = await run(controls, 'infer', { values: [1] });
    assert.equal(!result.ok && result.error.code, 'E_RUNNER_UNAVAILABLE');
  });

  it('sleep takes milliseconds, an ISO duration, or nothing, and wake ends it', async () => {
    const controls = new FakeControls(['press', 'saw']);
    await value(controls, 'sleep', { for: 'PT30M' });
    assert.equal(controls.agent('saw').sleepUntilMs, NOW + 30 * 60_000);
    await value(controls, 'sleep', { agent: 'press', for: 1000 });
    assert.equal(controls.agent('press').sleepUntilMs, NOW + 1000);
    assert.equal(controls.agent('saw').sleepUntilMs, NOW + 30 * 60_000);
    await value(controls, 'sleep');
    assert.deepEqual([controls.agent('saw').state, controls.agent('saw').sleepUntilMs], ['asleep', undefined]);
    await value(controls, 'wake');
    assert.equal(controls.agent('saw').state, 'running');
  });

  it('reload answers what took effect', async () => {
    const controls = new FakeControls();
    const report = { applied: ['agents.press.decisions'], refused: [{ path: 'bus.url', reason: 'needs a restart' }] };
    controls.reloading = async () => ok(report);
    assert.deepEqual(await value(controls, 'reload'), report);
  });

  it('loglevel sets the level and tells the one before', async () => {
    const controls = new FakeControls();
    assert.deepEqual(await value(controls, 'loglevel', { level: 'debug' }), { level: 'debug', before: 'info' });
    assert.equal(controls.logLevel, 'debug');
  });

  const refused: readonly (readonly [verb: string, args: object])[] = [
    ['status', { agents: 'press' }],
    ['status', { agent: '' }],
    ['status', { agent: 7 }],
    ['infer', {}],
    ['infer', { values: [] }],
    ['infer', { values: [1, null] }],
    ['infer', { values: ['1'] }],
    ['infer', { values: [1e39] }],
    ['infer', { values: Array(32_769).fill(0) }],
    ['sleep', { for: 0 }],
    ['sleep', { for: -1 }],
    ['sleep', { for: 'PT' }],
    ['sleep', { for: 'P1M' }],
    ['sleep', { for: 'P31D' }],
    ['reload', { force: true }],
    ['loglevel', {}],
    ['loglevel', { level: 'verbose' }],
    ['model.rollout', {}],
    ['model.rollout', { source: 'bearing.zip' }],
    ['model.rollout', { source: '../bearing.zip' }],
    ['model.rollout', { source: `/${'x'.repeat(1_024)}` }],
    ['model.rollout', { source: '/a\0b' }],
    ['model.rollout', { source: '/a', force: 'yes' }],
    ['model.rollback', { version: '1.0.0' }],
    ['model.cancel', { id: 'r-1' }],
  ];
  for (const [verb, args] of refused) {
    it(`${verb} refuses ${JSON.stringify(args).slice(0, 40)}`, () => {
      const prepared = find(verb).prepare(args);
      assert.equal(!prepared.ok && prepared.error.code, 'E_COMMAND_ARGS');
    });
  }

  it('are all in the reference, with their arguments', () => {
    const reference = renderCommands();
    for (const { verb, schema } of VERBS) {
      assert.match(reference, new RegExp(`^### ${verb.replace('.', '[.]')}$`, 'm'));
      for (const name of Object.keys(schema.shape)) assert.match(reference, new RegExp(`^\\| ${name} \\|`, 'm'));
    }
    assert.doesNotMatch(reference, /undefined|\[object/);
  });
});

describe('a period', () => {
  it('is milliseconds or an ISO 8601 duration of days and less', () => {
    assert.equal(parsePeriod(1500), 1500);
    assert.equal(parsePeriod('PT1H30M5S'), 5_405_000);
    assert.equal(parsePeriod('P1DT1S'), 86_401_000);
    for (const text of ['', 'P', 'PT', 'P1DT', '1h', 'PT-1S', 'P1Y', 'PT0S'])
      assert.equal(parsePeriod(text), undefined);
  });
});

describe('the verbs of models', () => {
  it('model.rollout asks with the id of the command, and answers with the outcome', async () => {
    const { controls, rollouts } = device();
    const answer = run(controls, 'model.rollout', { source: '/opt/bearing.zip' });
    assert.deepEqual(rollouts.asked, [{ id: 'c-1', source: '/opt/bearing.zip', force: false }]);
    rollouts.end('c-1', 'committed');
    assert.deepEqual(await answer, {
      ok: true,
      value: {
        ...{ agent: 'press', active: '1.1.0', version: '1.1.0', outcome: 'committed', from: '1.0.0', code: undefined },
        ...{ reason: '', atMs: 121_000, durationMs: 120_000 },
        evidence: [{ gate: 'agreement', measured: 0.97, allowed: 0.9, samples: 200 }],
      },
    });
  });

  for (const outcome of ['refused', 'rolledBack', 'cancelled', 'superseded'] as const) {
    it(`model.rollout fails with its reason, and tells the outcome, when it is ${outcome}`, async () => {
      const { controls, rollouts } = device();
      const answer = run(controls, 'model.rollout', { source: '/a', force: true });
      assert.equal(rollouts.asked[0]?.force, true);
      rollouts.end('c-1', outcome);
      const ended = await answer;
      assert.ok(!ended.ok);
      assert.deepEqual(
        [ended.error.code, ended.error.message.slice(0, 31)],
        ['E_ROLLOUT_GATE', 'The model did not pass a gate: '],
      );
      assert.partialDeepStrictEqual(ended.result, { outcome, version: '1.1.0', evidence: [{ gate: 'agreement' }] });
    });
  }

  it('model.rollout has a code also where the outcome has none', async () => {
    const { controls, rollouts } = device();
    const answer = run(controls, 'model.rollout', { source: '/a' });
    rollouts.end('c-1', 'cancelled', { code: undefined, reason: '' });
    const ended = await answer;
    assert.equal(!ended.ok && ended.error.code, 'E_COMMAND_FAILED');
    assert.match(ended.ok ? '' : ended.error.message, /cancelled/);
  });

  it('model.rollback succeeds when the previous model is back, and only then', async () => {
    for (const [outcome, fine] of [
      ['rolledBack', true],
      ['cancelled', false],
    ] as const) {
      const { controls, rollouts } = device();
      const answer = run(controls, 'model.rollback');
      assert.deepEqual(rollouts.rolledBack, ['c-1']);
      rollouts.end('c-1', outcome);
      assert.equal((await answer).ok, fine);
    }
  });

  it('model.cancel passes on that there is nothing to cancel', async () => {
    const { controls, rollouts } = device();
    const nothing = await run(controls, 'model.cancel');
    assert.equal(!nothing.ok && nothing.error.code, 'E_ROLLOUT_NOTHING');
    void rollouts.request({ id: 'r-1', source: '/a', force: false });
    assert.partialDeepStrictEqual(await value(controls, 'model.cancel'), { agent: 'press', requestId: 'r-1' });
  });

  it('model.list tells the slots of all agents that have one', async () => {
    const { controls, rollouts } = device(['press', 'saw']);
    controls.agent('saw').rollouts = undefined;
    rollouts.packages = [modelRef('1.0.0'), modelRef('1.1.0')];
    rollouts.change({
      ...{ state: 'watching', active: modelRef('1.1.0'), previous: modelRef('1.0.0'), sinceMs: 7 },
      request: { id: 'r-1', source: '/a', force: false, requestedAtMs: 0 },
      quarantine: [{ ref: modelRef('0.9.0'), reason: 'drift', sinceMs: 5 }],
    });
    const { agents } = (await value(controls, 'model.list')) as { agents: object[] };
    assert.equal(agents.length, 1);
    assert.partialDeepStrictEqual(agents[0], {
      ...{ agent: 'press', state: 'watching', active: '1.1.0', previous: '1.0.0', sinceMs: 7, requestId: 'r-1' },
      packages: [{ name: 'bearing-fault', version: '1.0.0', release: 0 }, { version: '1.1.0' }],
      quarantined: [{ version: '0.9.0', reason: 'drift', sinceMs: 5 }],
    });
  });

  it('say what to do where an agent takes no rollouts', async () => {
    const controls = new FakeControls();
    for (const [verb, args] of [
      ['model.rollout', { source: '/a' }],
      ['model.rollback', {}],
      ['model.cancel', {}],
      ['model.list', { agent: 'press' }],
      ['model.list', {}],
    ] as const) {
      const ended = await run(controls, verb, args);
      assert.equal(!ended.ok && ended.error.code, 'E_ROLLOUT_DISABLED', verb);
    }
  });

  it('want an agent named when there are several', async () => {
    const { controls } = device(['press', 'saw']);
    const ended = await run(controls, 'model.rollback');
    assert.equal(!ended.ok && ended.error.code, 'E_COMMAND_ARGS');
  });

  it('show in status, and whole in diagnose', async () => {
    const { controls, rollouts } = device(['press', 'saw']);
    controls.agent('saw').rollouts = undefined;
    rollouts.end('r-1', 'rolledBack');
    const status = (await value(controls, 'status')) as { agents: Record<string, unknown>[] };
    assert.partialDeepStrictEqual(status.agents[0]?.['rollout'], {
      ...{ state: 'idle', active: '1.0.0', last: { outcome: 'rolledBack', from: '1.0.0' } },
    });
    assert.ok(!('rollout' in (status.agents[1] ?? {})));
    const diagnosis = (await value(controls, 'diagnose')) as { agents: Record<string, unknown>[] };
    assert.partialDeepStrictEqual(diagnosis.agents[0]?.['rollout'], { slot: 'bearings', releaseFloor: 0 });
  });
});

function device(names: readonly string[] = ['press']) {
  const controls = new FakeControls(names);
  const rollouts = new FakeRollouts();
  controls.agent('press').rollouts = rollouts;
  return { controls, rollouts };
}

function find(verb: string) {
  const found = VERBS.find((candidate) => candidate.verb === verb);
  assert.ok(found);
  return found;
}

async function run(controls: FakeControls, verb: string, args: object = {}): Promise<Ended> {
  const prepared = find(verb).prepare(args);
  assert.ok(prepared.ok);
  return prepared.value({ controls, id: 'c-1', nowMs: NOW, signal: new AbortController().signal });
}

async function value(controls: FakeControls, verb: string, args: object = {}): Promise<unknown> {
  const result = await run(controls, verb, args);
  assert.ok(result.ok);
  return result.value;
}
