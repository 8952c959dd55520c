import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ControlSocket } from '../../src/adapters/control-socket.ts';
import { systemClock } from '../../src/adapters/system-clock.ts';
import { Commands } from '../../src/agent/commands/commands.ts';
import { controlPath } from '../../src/cli/control-client.ts';
import type { Io } from '../../src/cli/io.ts';
import { modelActivate } from '../../src/cli/model-activate.ts';
import { modelRollback } from '../../src/cli/model-rollback.ts';
import { fail } from '../../src/domain/errors.ts';
import { packFolder } from '../../src/package/pack.ts';
import { FakeAudit } from '../fakes/audit.ts';
import { FakeBus } from '../fakes/bus.ts';
import { FakeControls } from '../fakes/controls.ts';
import { FakeLog } from '../fakes/log.ts';
import { FakeOutbox } from '../fakes/outbox.ts';
import { FakeRollouts, modelRef } from '../fakes/rollouts.ts';
import { waitFor } from '../fixtures/agent/wait-for.ts';
import { packageFiles, writeFiles } from '../fixtures/packages/package-files.ts';
import { capture } from '../unit/cli/capture.ts';

let state: string;
let source: string;
const ends: (() => unknown)[] = [];

describe('model activate', () => {
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'activate-'));
    source = join(state, 'bearing.zip');
    await writeFile(source, 'a package');
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await rm(state, { recursive: true, force: true });
  });

  it('exits 0 once the rollout is committed, and tells its steps on the way', async () => {
    const { rollouts } = await device();
    const { exit, written, json } = activate({ wait: true });
    const id = await asked(rollouts);
    rollouts.change({ state: 'canary', candidate: modelRef('1.1.0') });
    await waitFor('a step', () => written.err.includes('press: canary 1.1.0'));
    rollouts.end(id, 'committed');
    assert.equal(await exit, 0);
    assert.partialDeepStrictEqual(json(), {
      ...{ ok: true, id, agent: 'press', outcome: 'committed', version: '1.1.0', from: '1.0.0', active: '1.1.0' },
      durationMs: 120_000,
    });
    assert.deepEqual(rollouts.asked, [{ id, source, force: false }]);
  });

  it('exits 1 with the verdict and the reason when it does not stay', async () => {
    const { rollouts } = await device();
    const { exit, json } = activate({ wait: true });
    rollouts.end(await asked(rollouts), 'rolledBack');
    assert.equal(await exit, 1);
    assert.partialDeepStrictEqual(json(), {
      ...{ ok: false, outcome: 'rolledBack', version: '1.1.0', evidence: [{ gate: 'agreement', measured: 0.2 }] },
      error: { code: 'E_ROLLOUT_GATE', message: 'The model did not pass a gate: agreement 0.2, allowed 0.9' },
    });
  });

  it('exits 1, and not 3, when the package is refused for what is missing in it', async () => {
    const { rollouts } = await device();
    const { exit, written } = activate({ wait: true, output: 'table' });
    rollouts.end(await asked(rollouts), 'refused', {
      code: 'E_MODEL_MISSING',
      reason: 'no manifest.json',
      ref: undefined,
    });
    assert.equal(await exit, 1);
    assert.match(written.out, /refused/);
    assert.match(written.err, /E_MODEL_MISSING no manifest\.json/);
  });

  it('without --wait ends as soon as the agent has taken it up', async () => {
    const { rollouts } = await device();
    const { exit, json } = activate({ wait: false });
    assert.equal(await exit, 0);
    assert.partialDeepStrictEqual(json(), {
      ok: true,
      agent: 'press',
      state: 'testing',
      requestId: rollouts.asked[0]?.id,
    });
  });

  it('without --wait still tells what is refused at once', async () => {
    const { rollouts } = await device();
    rollouts.request = async () => fail('E_STATE_IO');
    const { exit, json } = activate({ wait: false });
    assert.equal(await exit, 1);
    assert.equal(json().error.code, 'E_STATE_IO');
  });

  it('names the agent, and forces, where it is told to', async () => {
    const { rollouts } = await device(['saw', 'press']);
    const { exit } = activate({ wait: true, agent: 'press', force: true });
    const id = await asked(rollouts);
    rollouts.end(id, 'committed');
    assert.equal(await exit, 0);
    assert.deepEqual(rollouts.asked, [{ id, source, force: true }]);
  });

  it('exits 1 for an agent without rollouts, and says what is to be set', async () => {
    const { controls } = await device();
    controls.agent().rollouts = undefined;
    const { exit, json } = activate({ wait: true });
    assert.equal(await exit, 1);
    assert.equal(json().error.code, 'E_ROLLOUT_DISABLED');
    assert.match(json().error.hint, /rollouts\.trust/);
  });

  it('exits 3 where no agent runs', async () => {
    const { exit, json } = activate({ wait: true });
    assert.equal(await exit, 3);
    assert.equal(json().error.code, 'E_AGENT_UNREACHABLE');
  });

  it('exits 3 for a package that is not there', async () => {
    await device();
    const { io, json } = capture();
    const exit = await modelActivate.run({ args: [join(state, 'no.zip')], flags: flags({ wait: true }) }, io);
    assert.equal(exit, 3);
    assert.equal(json().error.code, 'E_MODEL_MISSING');
  });

  it('waits for an agent that restarts, and joins its rollout', async () => {
    const first = await device();
    const { exit, json, written } = activate({ wait: true });
    const id = await asked(first.rollouts);
    await first.stop();
    await waitFor('the news', () => written.err.includes('went away'));
    const second = await device();
    assert.equal(await asked(second.rollouts), id);
    second.rollouts.end(id, 'committed');
    assert.equal(await exit, 0);
    assert.equal(json().outcome, 'committed');
  });

  it('ends when it is told to, and leaves the rollout alone', async () => {
    const { rollouts } = await device();
    const abort = new AbortController();
    const { exit } = activate({ wait: true, signal: abort.signal });
    await asked(rollouts);
    abort.abort();
    assert.equal(await exit, 1);
    assert.equal(rollouts.cancelled, 0);
  });

  describe('on a device with several agents, and none named,', () => {
    beforeEach(async () => {
      source = await writeFiles(join(state, 'package'), packageFiles());
    });

    it('asks all of that model, and exits 0 once all have committed', async () => {
      const { saw, press } = await three();
      const { exit, json } = activate({ wait: true });
      const id = await asked(saw);
      saw.end(id, 'committed');
      press.end(await asked(press), 'committed');
      assert.equal(await exit, 0);
      assert.partialDeepStrictEqual(json(), {
        ...{ ok: true, model: 'tiny' },
        rollouts: [
          { ok: true, id, agent: 'saw', outcome: 'committed' },
          { ok: true, agent: 'press', outcome: 'committed' },
        ],
      });
    });

    it('exits 1 when one of them does not commit, and tells the verdict of each', async () => {
      const { saw, press } = await three();
      const { exit, written } = activate({ wait: true, output: 'table' });
      saw.end(await asked(saw), 'committed');
      press.end(await asked(press), 'rolledBack');
      assert.equal(await exit, 1);
      assert.match(written.out, /saw +1\.1\.0 +committed/);
      assert.match(written.out, /press +1\.1\.0 +rolledBack/);
      assert.match(written.err, /E_ROLLOUT_GATE press: The model did not pass a gate/);
    });

    it('exits 1 where none is of that model, and tells which models there are', async () => {
      const { saw, press, controls } = await three();
      controls.agent('saw').modelName = 'turbofan-rul';
      press.change({ active: undefined });
      const { exit, json } = activate({ wait: true });
      assert.equal(await exit, 1);
      const { code, message } = json().error;
      assert.equal(code, 'E_MODEL_UNWANTED');
      assert.match(
        message,
        /package is tiny; saw is for turbofan-rul, press is for bearing-fault, mill is for turbofan-rul/,
      );
      assert.deepEqual([saw.asked, press.asked], [[], []]);
    });

    it('looks into a zip for the name', async () => {
      source = join(state, 'tiny.zip');
      await packFolder(join(state, 'package'), source);
      const { saw, press } = await three();
      const { exit } = activate({ wait: true });
      saw.end(await asked(saw), 'committed');
      press.end(await asked(press), 'committed');
      assert.equal(await exit, 0);
    });

    /** The saw is configured for it, the press has it since its last rollout, the mill has another one. */
    async function three() {
      const { controls, rollouts: press } = await device(['saw', 'press', 'mill']);
      const [saw, mill] = [new FakeRollouts(), new FakeRollouts()];
      controls.agent('saw').rollouts = saw;
      controls.agent('saw').modelName = 'tiny';
      controls.agent('mill').rollouts = mill;
      controls.agent('mill').modelName = 'turbofan-rul';
      press.change({ active: { ...modelRef('1.0.0'), name: 'tiny' } });
      return { controls, saw, press, mill };
    }
  });

  it('waits with patience for an agent that is not there yet', async () => {
    const { exit } = activate({ wait: true, patience: 20_000 });
    await new Promise((resolve) => setTimeout(resolve, 700));
    const { rollouts } = await device();
    rollouts.end(await asked(rollouts), 'committed');
    assert.equal(await exit, 0);
  });

  it('waits with patience for an agent that goes away before it has said whose models it has', async () => {
    await mkdir(join(state, 'control'), { recursive: true, mode: 0o700 });
    const stopping = createServer((socket) => socket.destroy());
    const hungUp = once(stopping, 'connection');
    stopping.listen(join(state, 'control', 'agent.sock'));
    const { exit } = activate({ wait: true, patience: 20_000 });
    await hungUp;
    await new Promise((resolve) => stopping.close(resolve));
    const { rollouts } = await device();
    rollouts.end(await asked(rollouts), 'committed');
    assert.equal(await exit, 0);
  });

  it('exits 3 when its patience is over', async () => {
    const { exit, json } = activate({ wait: true, patience: 600 });
    assert.equal(await exit, 3);
    assert.equal(json().error.code, 'E_AGENT_UNREACHABLE');
  });

  it('finds the agent by OPENCLAW_STATE, unless a flag says otherwise', async () => {
    const path = await controlPath(
      { agent: undefined, state: undefined, config: undefined },
      { OPENCLAW_STATE: state },
    );
    assert.deepEqual(path, { ok: true, value: join(state, 'control', 'agent.sock') });
    const other = await controlPath(
      { agent: undefined, state: '/other', config: undefined },
      { OPENCLAW_STATE: state },
    );
    assert.deepEqual(other, { ok: true, value: '/other/control/agent.sock' });
  });

  it('finds the agent by its configuration too', async () => {
    const { rollouts } = await device();
    const config = join(state, 'config.yaml');
    await writeFile(config, `state: ${state}\nagents: [{name: press}]\n`);
    const { exit } = activate({ wait: false, state: undefined, config });
    assert.equal(await exit, 0);
    assert.equal(rollouts.asked.length, 1);
  });

  it('is written to the audit log', async () => {
    const { rollouts, audit } = await device();
    const { exit } = activate({ wait: true });
    const id = await asked(rollouts);
    rollouts.end(id, 'refused');
    await exit;
    assert.deepEqual(
      audit.entries.map(({ event, facts }) => [event, facts['verb'], facts['status'], facts['code']]),
      [
        ['command', 'model.rollout', 'accepted', undefined],
        ['command', 'model.rollout', 'failed', 'E_ROLLOUT_GATE'],
      ],
    );
    assert.partialDeepStrictEqual(audit.entries[0]?.facts, { id, by: 'local', 'args.source': source });
  });
});

describe('model rollback', () => {
  beforeEach(async () => {
    state = await mkdtemp(join(tmpdir(), 'rollback-'));
  });
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await rm(state, { recursive: true, force: true });
  });

  it('exits 0 once the previous model answers', async () => {
    const { rollouts } = await device();
    const { exit, json } = rollback(true);
    await waitFor('the wish', () => rollouts.rolledBack.length === 1);
    rollouts.end(rollouts.rolledBack[0] ?? '', 'rolledBack');
    assert.equal(await exit, 0);
    assert.partialDeepStrictEqual(json(), { ok: true, outcome: 'rolledBack', active: '1.0.0' });
  });

  it('exits 1 where there is nothing to go back to', async () => {
    const { rollouts } = await device();
    rollouts.rollBack = async () => fail('E_ROLLOUT_NOTHING');
    const { exit, json } = rollback(false);
    assert.equal(await exit, 1);
    assert.equal(json().error.code, 'E_ROLLOUT_NOTHING');
  });

  it('without --wait ends once the agent is on its way back', async () => {
    const { rollouts } = await device();
    const { exit, json } = rollback(false);
    await waitFor('the wish', () => rollouts.rolledBack.length === 1);
    rollouts.change({ state: 'rollingBack' });
    assert.equal(await exit, 0);
    assert.equal(json().state, 'rollingBack');
  });
});

type Flags = {
  wait: boolean;
  patience?: number;
  agent?: string;
  force?: boolean;
  state?: string | undefined;
  config?: string;
};

function flags(given: Flags) {
  return { agent: undefined, config: undefined, force: false, patience: 0, state, ...given };
}

function activate({ output, signal, ...given }: Flags & { output?: Io['output']; signal?: AbortSignal }) {
  const { io, written, json } = capture(output, signal);
  return { exit: modelActivate.run({ args: [source], flags: flags(given) }, io), written, json };
}

function rollback(wait: boolean) {
  const { io, json } = capture();
  return { exit: modelRollback.run({ args: [], flags: flags({ wait }) }, io), json };
}

/** A device of which only the commands and the socket are real. */
async function device(names: readonly string[] = ['press']) {
  const controls = new FakeControls(names);
  const rollouts = new FakeRollouts();
  controls.agent('press').rollouts = rollouts;
  const { counters } = controls;
  const audit = new FakeAudit();
  const log = new FakeLog();
  const common = { clock: systemClock, log };
  const bus = new FakeBus();
  const outbox = new FakeOutbox();
  const commands = new Commands({
    ...common,
    thing: 't',
    bus,
    outbox,
    controls,
    counters,
    audit,
    forbiddenReplies: () => [],
  });
  const socket = new ControlSocket({
    ...common,
    folder: join(state, 'control'),
    execute: ({ verb, args, ...from }) => commands.execute(verb, args, from),
  });
  const stop = async () => {
    await socket.stop();
    await commands.stop(1_000);
  };
  ends.push(stop);
  const started = await socket.start();
  assert.ok(started.ok);
  return { controls, rollouts, audit, stop };
}

async function asked(rollouts: FakeRollouts): Promise<string> {
  await waitFor('the request', () => rollouts.asked.length > 0);
  return rollouts.asked[0]?.id ?? '';
}
