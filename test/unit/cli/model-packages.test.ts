import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import type { Io } from '../../../src/cli/io.ts';
import { type ModelInitFlags, modelInit } from '../../../src/cli/model-init.ts';
import { modelInspect } from '../../../src/cli/model-inspect.ts';
import { modelList } from '../../../src/cli/model-list.ts';
import { modelPack } from '../../../src/cli/model-pack.ts';
import { failure } from '../../../src/domain/errors.ts';
import { FakeRunner, type FakeRunnerOptions } from '../../fakes/runner.ts';
import { sumModel } from '../../fixtures/models.ts';
import { temporaryFolder } from '../../fixtures/packages/fs-store.ts';
import { packageFiles, writeFiles } from '../../fixtures/packages/package-files.ts';
import { capture } from './capture.ts';

describe('Packages on the command line', () => {
  let temporary: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeEach(async () => {
    temporary = await temporaryFolder();
  });
  afterEach(() => temporary.remove());

  async function init(
    flags: Partial<ModelInitFlags> = {},
    options: FakeRunnerOptions = {},
    output: Io['output'] = 'json',
  ) {
    await writeFile(temporary.path('sum.onnx'), sumModel().bytes);
    const { io, written } = capture(output);
    const runner = new FakeRunner(options);
    const out = temporary.path('made');
    const all: ModelInitFlags = { modelVersion: '1.0.0', scores: undefined, out, ...flags };
    const exitCode = await modelInit(() => runner).run({ args: [temporary.path('sum.onnx')], flags: all }, io);
    return { exitCode, runner, ...written };
  }

  it('model init makes a package that model list finds and model pack packs', async () => {
    const made = await init({ labels: ['a', 'b', 'c'], modelVersion: '1.2.0', scores: 'y' });
    assert.equal(made.exitCode, 0, made.out);
    assert.equal(made.runner.stats().state, 'stopped');
    const { manifest, goldenCases } = JSON.parse(made.out);
    assert.deepEqual(
      [manifest.name, manifest.version, manifest.output.labels, goldenCases],
      ['sum', '1.2.0', ['a', 'b', 'c'], 4],
    );

    const listing = capture();
    assert.equal(await modelList.run({ args: [temporary.path('.')], flags: {} }, listing.io), 0);
    assert.equal(listing.json().packages[0].folder, temporary.path('made'));

    const packing = capture();
    const out = temporary.path('sum.zip');
    assert.equal(await modelPack.run({ args: [temporary.path('made')], flags: { out } }, packing.io), 0);
    assert.equal(packing.json().files, 4);
    assert.ok(existsSync(out));
  });

  it('takes the name of a package that lies here, as model init tells it, and of a shipped one else', async () => {
    await init();
    const before = process.cwd();
    process.chdir(temporary.path('.'));
    try {
      const here = capture();
      assert.equal(await modelPack.run({ args: ['made'], flags: { out: undefined } }, here.io), 0);
      assert.equal(here.json().name, 'sum');
      const shipped = capture();
      assert.equal(await modelInspect.run({ args: ['turbofan-rul'], flags: {} }, shipped.io), 0);
    } finally {
      process.chdir(before);
    }
  });

  it('model init tells people what is left to do', async () => {
    const { exitCode, out, err } = await init({}, {}, 'table');
    assert.equal(exitCode, 0);
    assert.equal(out, `${temporary.path('made')}\n`);
    assert.match(err, /MODEL_CARD\.md/);
  });

  it('model init makes nothing of a model that does not load, and leaves no runner behind', async () => {
    const { exitCode, out, runner } = await init({}, { startFailure: failure('E_MODEL_LOAD', 'broken') });
    assert.equal(exitCode, 1);
    assert.equal(JSON.parse(out).error.code, 'E_MODEL_LOAD');
    assert.equal(existsSync(temporary.path('made')), false);
    assert.equal(runner.stats().state, 'stopped');
  });

  it('model list exits 1 when a package cannot be used, and names it', async () => {
    await writeFiles(temporary.path('broken'), packageFiles('1.0.0', { task: 'guessing' }));
    const json = capture();
    assert.equal(await modelList.run({ args: [temporary.path('.')], flags: {} }, json.io), 1);
    assert.deepEqual(
      json.json().problems.map((problem: { code: string }) => problem.code),
      ['E_MANIFEST_INVALID'],
    );
    const table = capture('table');
    await modelList.run({ args: [temporary.path('.')], flags: {} }, table.io);
    assert.match(table.written.err, /broken: /);
  });

  it('model list shows the shipped packages where no folder is given', async () => {
    const { io, written } = capture('table');
    assert.equal(await modelList.run({ args: [], flags: {} }, io), 0);
    assert.match(written.out, /bearing-fault +1\.0\.0 +classification/);
  });

  it('model pack and model list say what is missing', async () => {
    const packing = capture();
    assert.equal(await modelPack.run({ args: ['/nowhere/at-all'], flags: { out: undefined } }, packing.io), 3);
    const listing = capture();
    assert.equal(await modelList.run({ args: ['/nowhere/at-all'], flags: {} }, listing.io), 3);
  });
});
