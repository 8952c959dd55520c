import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { agentCheck } from '../../../src/cli/agent-check.ts';
import { loadConfig } from '../../../src/cli/config-file.ts';
import type { Io } from '../../../src/cli/io.ts';
import { packageFolder } from '../../../src/cli/package-folder.ts';
import { capture } from './capture.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../../examples');
const GOOD = join(EXAMPLES, 'turbofan.yaml');

let folder = '';
let bad = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openclaw-config-'));
  bad = join(folder, 'bad.yaml');
  await writeFile(bad, 'thign: x\nagents:\n  - name: a/b\n    queue: {max: many}\n');
});

after(() => rm(folder, { recursive: true }));

async function first(...args: Parameters<typeof loadConfig>) {
  const loaded = await loadConfig(...args);
  assert.ok(loaded.ok, loaded.ok ? '' : loaded.error.message);
  const [agent] = loaded.value.agents;
  assert.ok(agent);
  return agent;
}

async function check(file: string, output: Io['output']) {
  const { io, written } = capture(output);
  const exitCode = await agentCheck.run({ args: [file], flags: {} }, io);
  return { exitCode, ...written };
}

describe('a configuration file', () => {
  it('may be left out: then bearings are watched on an embedded broker', async () => {
    const loaded = await loadConfig(undefined);
    assert.ok(loaded.ok);
    assert.equal(loaded.value.bus.kind, 'embedded');
    assert.deepEqual(
      loaded.value.agents.map(({ name, model }) => [name, model.path]),
      [['bearings', 'bearing-fault']],
    );
  });

  it('gives way to the flags of the command line', async () => {
    const agent = await first(GOOD, { model: 'bearing-fault', device: 'auto', batchSize: 7 });
    assert.equal(agent.model.path, packageFolder('bearing-fault'));
    assert.deepEqual([agent.model.device, agent.batch.max], ['auto', 7]);
  });

  it('stands as it is without flags', async () => {
    const agent = await first(GOOD);
    assert.deepEqual([agent.model.path, agent.model.device], ['turbofan-rul', 'cpu']);
  });

  it('is not where the path of a model on the command line starts: that is the working folder', async () => {
    const agent = await first(GOOD, { model: './some/model' });
    assert.equal(agent.model.path, resolve('some/model'));
  });

  for (const [what, file] of [
    ['missing', () => join(folder, 'none.yaml')],
    ['a folder', () => folder],
  ] as const) {
    it(`that is ${what} is told as missing`, async () => {
      const loaded = await loadConfig(file());
      assert.equal(!loaded.ok && loaded.error.code, 'E_FILE_MISSING');
    });
  }
});

describe('agent check', () => {
  it('shows what a good configuration would run', async () => {
    const { exitCode, out, err } = await check(GOOD, 'table');
    assert.equal(exitCode, 0);
    assert.match(out, /^thing +bus +agent +inputs +model +isolation +alarms\n/);
    assert.match(
      out,
      /hangar-1 +embedded, port 1883 +engines +engines\/\+\/flight +turbofan-rul +process +plan-overhaul, ground-engine/,
    );
    assert.equal(err, '');
  });

  it('promises no broker to what is meant as a Greengrass component', async () => {
    const component = join(folder, 'component.yaml');
    const text = await readFile(GOOD, 'utf8');
    await writeFile(component, text.replace('topic: engines/', 'topic: local:engines/'));
    const { out } = await check(component, 'table');
    assert.match(out, /hangar-1 +that of the Greengrass nucleus +engines +local:engines/);
  });

  it('gives programs the whole configuration, with every default', async () => {
    const { exitCode, out } = await check(GOOD, 'json');
    const { ok, config } = JSON.parse(out);
    assert.deepEqual([exitCode, ok, config.agents[0].batch.waitMs], [0, true, 0]);
  });

  it('shows every problem at once, where it is', async () => {
    const { exitCode, out, err } = await check(bad, 'table');
    assert.equal(exitCode, 1);
    assert.equal(out, '');
    assert.match(err, /^line 1: thign is not a known key \(Did you mean thing\?\)\n/);
    assert.match(err, /^line 3: agents\[0\]\.name /m);
    assert.match(err, /^line 4: agents\[0\]\.queue\.max must be a number, is text\n/m);
    assert.match(err, /\nE_CONFIG_INVALID .*and 2 more/);
  });

  it('gives programs every problem, and the error as all commands do', async () => {
    const { exitCode, out } = await check(bad, 'json');
    const { ok, error, problems } = JSON.parse(out);
    assert.deepEqual([exitCode, ok, error.code], [1, false, 'E_CONFIG_INVALID']);
    assert.deepEqual(Object.keys(error), ['code', 'message', 'hint']);
    assert.deepEqual(
      problems.map(({ path }: { path: string }) => path),
      ['thign', 'agents[0].name', 'agents[0].queue.max'],
    );
  });

  it('needs a file', async () => {
    const { exitCode, err } = await check(join(folder, 'none.yaml'), 'table');
    assert.equal(exitCode, 3);
    assert.match(err, /^E_FILE_MISSING .*none\.yaml\n/);
  });
});
