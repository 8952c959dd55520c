import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Io } from '../../../src/cli/io.ts';
import { modelInspect } from '../../../src/cli/model-inspect.ts';
import { modelTest } from '../../../src/cli/model-test.ts';
import { failure } from '../../../src/domain/errors.ts';
import { FakeRunner, type FakeRunnerOptions } from '../../fakes/runner.ts';
import { tinyGraph } from '../../fixtures/packages/tiny-graph.ts';
import { tinyManifest, writeTinyPackage } from '../../fixtures/packages/tiny-package.ts';
import { capture } from './capture.ts';

type Pkg = Awaited<ReturnType<typeof writeTinyPackage>>;

let pkg: Pkg;
/** Scores of the small variant alone, as golden.json has them. */
const GOLDEN = [0.9, 0.1];
/** Even a busy machine is that fast, most of the time, with no model at all. */
const UNHURRIED_MS = 1000;

/** The tiny package, with one variant, which is a real graph. */
before(async () => {
  const bytes = tinyGraph();
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const manifest = tinyManifest();
  const [, small] = manifest.variants;
  const golden = [{ name: 'rest', input: [0, 0, 0, 0], scores: { small: GOLDEN } }];
  const gates = { ...manifest.gates, latencyBudgetMs: UNHURRIED_MS };
  pkg = await writeTinyPackage({ ...manifest, gates, variants: [{ ...small, bytes: bytes.length, sha256 }] }, golden);
  await writeFile(join(pkg.folder, 'small.onnx'), bytes);
});

after(() => pkg.remove());

async function inspect(folder: string, output: Io['output'] = 'json') {
  const { io, written } = capture(output);
  return { exitCode: await modelInspect.run({ args: [folder], flags: {} }, io), ...written };
}

async function tryOut(
  options: FakeRunnerOptions,
  output: Io['output'] = 'json',
  during?: (runner: FakeRunner) => void,
) {
  const { io, written } = capture(output);
  const runner = new FakeRunner(options);
  during?.(runner);
  const exitCode = await modelTest(() => runner).run({ args: [pkg.folder], flags: { device: 'cpu' } }, io);
  return { exitCode, runner, ...written };
}

describe('model inspect', () => {
  it('tells what a package promises and what its graphs hold', async () => {
    const { exitCode, out } = await inspect(pkg.folder);
    const { ok, manifest, goldenCases, variants } = JSON.parse(out);
    assert.deepEqual([exitCode, ok, manifest.name, goldenCases], [0, true, 'tiny', 1]);
    assert.deepEqual([variants[0].id, variants[0].graph.nodes, variants[0].graph.opsets['ai.onnx']], ['small', 1, 17]);
  });

  it('tells people the same in a few lines', async () => {
    const { out } = await inspect(pkg.folder, 'table');
    assert.match(
      out,
      /^tiny 1\.2\.3: A package for tests\nclassification of 2 samples of x, y, every 1, to good, bad\n\n/,
    );
    assert.match(out, /\nsmall +small +fp32 +\d+ +1 +17 +tests/);
  });

  it('finds a shipped package by its name alone', async () => {
    const { exitCode, out } = await inspect('turbofan-rul');
    assert.equal(exitCode, 0);
    assert.equal(JSON.parse(out).manifest.name, 'turbofan-rul');
  });

  it('needs a package', async () => {
    const { exitCode, out } = await inspect('no-such-model');
    assert.deepEqual([exitCode, JSON.parse(out).error.code], [3, 'E_MODEL_MISSING']);
  });

  it('tells damage: a file is not the one that the manifest names', async () => {
    const damaged = await writeTinyPackage();
    try {
      await writeFile(join(damaged.folder, 'large.onnx'), 'something else');
      const { exitCode, out } = await inspect(damaged.folder);
      assert.deepEqual([exitCode, JSON.parse(out).error.code], [1, 'E_MODEL_DIGEST']);
    } finally {
      await damaged.remove();
    }
  });

  it('tells that a file is no graph', async () => {
    const textual = await writeTinyPackage();
    try {
      const { exitCode, out } = await inspect(textual.folder);
      assert.equal(exitCode, 1);
      assert.equal(JSON.parse(out).ok, false);
    } finally {
      await textual.remove();
    }
  });
});

describe('model test', () => {
  it('passes a model that gives its golden scores in time, and ends its runner', async () => {
    const { exitCode, out, runner } = await tryOut({ score: () => GOLDEN });
    const { ok, variants } = JSON.parse(out);
    assert.deepEqual([exitCode, ok, variants.length], [0, true, 1]);
    const [small] = variants;
    assert.deepEqual([small.variant, small.passed, small.goldenCases, small.provider], ['small', true, 1, 'cpu']);
    assert.ok(small.largestDifference < 1e-6 && small.p50Ms <= small.p99Ms);
    assert.equal(runner.stats().state, 'stopped');
  });

  for (const [what, scores, difference] of [
    ['other scores', [0.8, 0.2], 0.1],
    ['one score beyond the tolerance', [0.9, 0.102], 0.002],
  ] as const) {
    it(`fails a model with ${what}`, async () => {
      const { exitCode, out } = await tryOut({ score: () => scores });
      const { ok, variants } = JSON.parse(out);
      assert.deepEqual([exitCode, ok], [1, false]);
      assert.ok(Math.abs(variants[0].largestDifference - difference) < 1e-6);
    });
  }

  it('fails a model that gives NaN', async () => {
    const { exitCode } = await tryOut({ score: () => [0.9, Number.NaN] });
    assert.equal(exitCode, 1);
  });

  it('tells people the bounds', async () => {
    const good = await tryOut({ score: () => GOLDEN }, 'table');
    assert.match(good.err, /^tiny 1\.2\.3 is within 0\.001 of the golden scores and 1000 ms\n$/);
    const off = await tryOut({ score: () => [0, 1] }, 'table');
    assert.match(off.err, /is not within/);
    assert.match(off.out, /^variant +provider/);
  });

  it('tells why a model does not load, and ends the runner nonetheless', async () => {
    const { exitCode, out } = await tryOut({ startFailure: failure('E_DEVICE_UNAVAILABLE', 'npu') });
    assert.deepEqual([exitCode, JSON.parse(out).error.code], [3, 'E_DEVICE_UNAVAILABLE']);
  });

  it('tells that a run failed', async () => {
    const { exitCode, out, runner } = await tryOut({ score: () => GOLDEN }, 'json', (each) => each.failNext());
    assert.deepEqual([exitCode, JSON.parse(out).error.code], [1, 'E_RUN_FAILED']);
    assert.equal(runner.stats().state, 'stopped');
  });
});
