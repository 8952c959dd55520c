import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeLog } from '../fakes/log.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { packageFolder } from '../fixtures/rollout-fault/contract.ts';
import * as graphs from '../fixtures/rollout-fault/graphs.ts';
import { Line, type LineAnswer, type LineOptions, SLOT } from '../fixtures/rollout-fault/line.ts';
import { publish } from '../fixtures/rollout-fault/releases.ts';

const NOT_HERE = '9.9.9';
const STRANGE_ALARM = {
  floor: 0,
  alarms: [{ name: 'odd', labels: ['no-such-label'], raise: 0.5, k: 1, n: 1, cooldown: 0 }],
};

describe('an agent whose model is not on the device', function () {
  this.timeout(30_000);
  const answers: LineAnswer[] = [];
  const lines: Line[] = [];
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openclaw-first-'));
    await publish(folder, [
      { version: '1.0.0', graph: graphs.right(1), golden: [1, 0, 0] },
      { version: '1.1.0', graph: graphs.right(0.9), golden: [0.9, 0, 0] },
      { version: '1.2.0', graph: graphs.right(0.8), golden: [0.8, 0, 0] },
    ]);
  });
  beforeEach(() => {
    answers.length = 0;
  });
  afterEach(async () => {
    for (const line of lines.splice(0)) await line.stop();
    await rm(join(folder, 'state'), { recursive: true, force: true });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function start(more: Partial<LineOptions> = {}): Promise<Line> {
    const options = { folder, stateDir: join(folder, 'state'), isolation: 'none', log: new FakeLog() } as const;
    const line = new Line({ ...options, onAnswer: (answer) => answers.push(answer), installed: NOT_HERE, ...more });
    lines.push(line);
    await line.start();
    return line;
  }

  async function restart(line: Line, more: Partial<LineOptions> = {}): Promise<Line> {
    await line.stop();
    lines.splice(lines.indexOf(line), 1);
    return start(more);
  }

  const rollOut = (line: Line, version: string) =>
    line.rollouts.request({ id: `r-${version}`, source: packageFolder(folder, version), force: false });
  const stateOf = (line: Line) => line.agent.status().state;

  it('waits for it, hears no sensor meanwhile, and works from the first rollout on', async () => {
    const line = await start();
    assert.equal(stateOf(line), 'waiting');
    assert.equal(line.agent.modelName, '1.0.0', 'the folder tells the name');
    const { metrics, queueDepth, problem, model } = line.agent.status();
    assert.deepEqual([metrics.counts.messages, queueDepth, problem, model], [0, 0, undefined, undefined]);
    const asked = await line.agent.infer(new Float32Array(4), undefined);
    assert.match(asked.ok ? '' : asked.error.message, /waits for its first model/);

    const ended = await rollOut(line, '1.0.0');
    assert.equal(ended.ok && ended.value.outcome, 'committed');
    await waitFor('answers', () => answers.length > 10);
    assert.equal(stateOf(line), 'running');
    assert.ok(answers.every(({ version }) => version === '1.0.0'));

    const again = await line.rollouts.request({ id: 'again', source: packageFolder(folder, '1.0.0'), force: false });
    assert.ok(again.ok && again.value.outcome === 'committed', 'the same package is committed at once');
    assert.deepEqual(again.value.evidence, [], 'and is not tried anew');

    const next = await rollOut(line, '1.1.0');
    assert.equal(next.ok && next.value.outcome, 'committed', JSON.stringify(next));
    await waitFor('the next model answers', () => answers.at(-1)?.version === '1.1.0');
  });

  it('waits on after a restart, and has its model after the next', async () => {
    const first = await start();
    const second = await restart(first);
    assert.equal(stateOf(second), 'waiting');
    await rollOut(second, '1.0.0');
    const third = await restart(second);
    assert.equal(stateOf(third), 'running');
    await waitFor('answers', () => answers.length > 10);
  });

  it('goes on with its first rollout when it stops in the middle of it', async () => {
    const held = Promise.withResolvers<never>();
    const line = await start({
      between: (needs) => ({ ...needs, verifier: { verify: () => held.promise } }),
    });
    void rollOut(line, '1.0.0');
    await waitFor('the rollout has begun', () => line.rollouts.record().state === 'verifying');
    const again = await restart(line);
    await waitFor('it runs', () => stateOf(again) === 'running');
    assert.equal(again.rollouts.record().last?.id, 'r-1.0.0');
    await waitFor('answers', () => answers.length > 10);
  });

  it('refuses a package that does not fit its configuration, without blame, and waits on', async () => {
    const line = await start({ decisions: STRANGE_ALARM });
    const ended = await rollOut(line, '1.0.0');
    assert.ok(ended.ok);
    assert.deepEqual([ended.value.outcome, ended.value.code], ['refused', 'E_MODEL_CONTRACT']);
    assert.match(ended.value.reason, /names the label no-such-label; line has a, b, c/);
    assert.equal(stateOf(line), 'waiting');
    assert.deepEqual(line.rollouts.record().quarantine, []);
    const mended = await restart(line);
    const accepted = await mended.rollouts.request({
      id: 'again',
      source: packageFolder(folder, '1.0.0'),
      force: false,
    });
    assert.equal(accepted.ok && accepted.value.outcome, 'committed');
  });

  it('does not serve the model of its slot when it is configured for another since', async () => {
    const line = await start();
    await rollOut(line, '1.0.0');
    const other = await restart(line, { model: 'turbofan-rul' });
    assert.equal(stateOf(other), 'refused');
    assert.match(other.agent.status().problem?.message ?? '', /is configured for turbofan-rul, this is line:/);
    const back = await restart(other);
    assert.equal(stateOf(back), 'running');
  });

  it('holds its first model against decisions that were reloaded while it waited', async () => {
    const line = await start({ decisions: STRANGE_ALARM });
    const decisions = { floor: 0.99, alarms: [] };
    line.agent.setDecisions(decisions);
    const ended = await rollOut(line, '1.1.0');
    assert.equal(ended.ok && ended.value.outcome, 'committed');
    await waitFor('answers', () => answers.length > 0);
    assert.equal(answers[0]?.label, 'uncertain', 'scores of 0.9 are under the new floor');
  });

  describe('when the disk has lost its active model', () => {
    async function damage(): Promise<void> {
      const packages = join(folder, 'state', 'models', SLOT, 'packages');
      for (const name of await readdir(packages))
        await writeFile(join(packages, name, 'package', 'small.onnx'), 'no model any more');
    }

    async function damaged(): Promise<void> {
      const line = await start();
      await rollOut(line, '1.0.0');
      await line.stop();
      lines.length = 0;
      await damage();
      answers.length = 0;
    }

    it('takes the configured package again where it is the very same', async () => {
      await damaged();
      const line = await start({ installed: '1.0.0' });
      assert.equal(stateOf(line), 'running', JSON.stringify(line.agent.status().problem));
      await waitFor('answers', () => answers.length > 10);
    });

    it('is refused, and a rollout of the very same bytes repairs it', async () => {
      await damaged();
      const line = await start();
      assert.equal(stateOf(line), 'refused');
      assert.equal(line.agent.status().problem?.code, 'E_MODEL_DIGEST');
      const ended = await line.rollouts.request({ id: 'cure', source: packageFolder(folder, '1.0.0'), force: false });
      assert.equal(ended.ok && ended.value.outcome, 'committed', JSON.stringify(ended));
      assert.equal(stateOf(line), 'running');
      await waitFor('answers', () => answers.length > 10);
    });

    it('takes a new version by its test alone: there is nothing that answers beside it', async () => {
      await damaged();
      const line = await start();
      assert.equal(stateOf(line), 'refused');
      const ended = await rollOut(line, '1.1.0');
      assert.equal(ended.ok && ended.value.outcome, 'committed', JSON.stringify(ended));
      await waitFor('answers', () => answers.at(-1)?.version === '1.1.0');
      assert.deepEqual([stateOf(line), line.rollouts.record().previous], ['running', undefined]);
    });

    it('comes to rest when the one before it is lost as well, and a third one is the cure', async () => {
      const before = await start();
      await rollOut(before, '1.0.0');
      const second = await rollOut(before, '1.1.0');
      assert.equal(second.ok && second.value.outcome, 'committed');
      await before.stop();
      lines.length = 0;
      await damage();
      answers.length = 0;
      const line = await start();
      await waitFor('it rests', () => line.rollouts.record().state === 'idle');
      assert.equal(stateOf(line), 'refused');
      const { active, previous, quarantine } = line.rollouts.record();
      assert.deepEqual([active?.version, previous, quarantine], ['1.1.0', undefined, []]);
      const third = await rollOut(line, '1.2.0');
      assert.equal(third.ok && third.value.outcome, 'committed', JSON.stringify(third));
      await waitFor('answers', () => answers.at(-1)?.version === '1.2.0');
    });
  });
});
