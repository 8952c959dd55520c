import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const BIN = join(ROOT, 'bin/openclaw-edge.js');

type Ended = { readonly exitCode: number; readonly out: string; readonly err: string };

/** Runs the command line as a user does, in a folder of its own. */
function openclaw(...args: readonly string[]): Promise<Ended> {
  return new Promise((done) => {
    const child = execFile(process.execPath, [BIN, ...args], { cwd: folder, timeout: 60_000 }, (_error, out, err) => {
      done({ exitCode: child.exitCode ?? -1, out, err });
    });
  });
}

let folder = '';

describe('the command line', () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'openclaw-cli-'));
  });

  afterEach(() => rm(folder, { recursive: true }));

  it('shows help for all, for a noun and for a command, on stdout', async () => {
    const [all, noun, command] = await Promise.all([
      openclaw('--help'),
      openclaw('agent', '--help'),
      openclaw('model', 'test', '--help'),
    ]);
    assert.deepEqual([all.exitCode, noun.exitCode, command.exitCode], [0, 0, 0]);
    assert.match(all.out, /^Usage: openclaw-edge /);
    for (const word of ['agent', 'model', 'doctor', 'simulate']) assert.match(all.out, new RegExp(`^  ${word} `, 'm'));
    assert.match(noun.out, /^ {2}run .*\n(.*\n)* {2}check /m);
    assert.match(command.out, /--device <device>/);
    assert.match(command.out, /-o, --output <format>/);
  });

  it('tells its version', async () => {
    assert.match((await openclaw('--version')).out, /^\d+\.\d+\.\d+\n$/);
  });

  it('shows help on stderr, and is wrong usage, without any command', async () => {
    const { exitCode, out, err } = await openclaw();
    assert.deepEqual([exitCode, out], [2, '']);
    assert.match(err, /^Usage: openclaw-edge /);
  });

  const wrong: readonly (readonly string[])[] = [
    ['dance'],
    ['agent', 'dance'],
    ['agent', 'check'],
    ['agent', 'check', 'a', 'b'],
    ['agent', 'run', '--fast'],
    ['agent', 'run', '--batch-size', '0'],
    ['agent', 'run', '--device', 'abacus'],
    ['agent', 'run', '--config'],
    ['doctor', '--output', 'xml'],
  ];
  for (const words of wrong) {
    it(`refuses \`${words.join(' ')}\` as usage, to people and to programs`, async () => {
      const [people, programs] = await Promise.all([
        openclaw(...words),
        openclaw(...words.slice(0, 2), '-ojson', ...words.slice(2)),
      ]);
      assert.deepEqual([people.exitCode, people.out], [2, '']);
      assert.match(people.err, /^E_USAGE .+\n`openclaw-edge --help` lists the commands; .+\n$/);
      assert.equal(programs.exitCode, 2);
      if (words.includes('xml')) return; // which output is wanted, nobody knows
      const { ok, error } = JSON.parse(programs.out);
      assert.deepEqual([ok, error.code, Object.keys(error)], [false, 'E_USAGE', ['code', 'message', 'hint']]);
    });
  }

  it('checks a good configuration', async () => {
    for (const example of await readdir(join(ROOT, 'examples'))) {
      if (!example.endsWith('.yaml')) continue;
      const { exitCode, out } = await openclaw('agent', 'check', join(ROOT, 'examples', example), '-o', 'json');
      assert.deepEqual([exitCode, JSON.parse(out).ok], [0, true], example);
    }
  });

  it('checks a bad configuration, and shows every problem', async () => {
    const file = join(folder, 'bad.yaml');
    await writeFile(file, 'thign: x\nagents:\n  - name: a/b\n  - {name: c, queue: {max: many}}\n');
    const [people, programs] = await Promise.all([
      openclaw('agent', 'check', file),
      openclaw('agent', 'check', file, '--output=ndjson'),
    ]);
    assert.deepEqual([people.exitCode, programs.exitCode], [1, 1]);
    for (const line of [1, 3, 4]) assert.match(people.err, new RegExp(`^line ${line}: `, 'm'));
    assert.equal(JSON.parse(programs.out).problems.length, 3);
  });

  it('needs the configuration that it is given', async () => {
    for (const words of [
      ['agent', 'check', 'none.yaml'],
      ['agent', 'run', '-c', 'none.yaml'],
    ]) {
      const { exitCode, out } = await openclaw(...words, '-o', 'json');
      assert.deepEqual([exitCode, JSON.parse(out).error.code], [3, 'E_FILE_MISSING'], words.join(' '));
    }
  });

  it('inspects a shipped model', async () => {
    const { exitCode, out } = await openclaw('model', 'inspect', 'bearing-fault', '-o', 'json');
    const { ok, manifest, variants } = JSON.parse(out);
    assert.deepEqual([exitCode, ok, manifest.name], [0, true, 'bearing-fault']);
    assert.deepEqual(variants.map(({ size }: { size: string }) => size).sort(), ['large', 'small']);
  });

  it('tests a shipped model on this machine', async () => {
    const { out } = await openclaw('model', 'test', join(ROOT, 'artifacts/bearing-fault'), '-o', 'json');
    const { gates, variants } = JSON.parse(out);
    assert.equal(variants.length, 2);
    for (const { variant, largestDifference, goldenCases, rssMb } of variants) {
      assert.ok(largestDifference <= gates.goldenTolerance, `${variant}: ${largestDifference}`);
      assert.ok(goldenCases > 0 && rssMb > 0, variant);
    }
  });

  it('tells a damaged model, and a missing one', async () => {
    for (const file of ['manifest.json', 'golden.json', 'large.onnx'])
      await copyFile(join(ROOT, 'artifacts/bearing-fault', file), join(folder, file));
    await writeFile(join(folder, 'small.onnx'), 'damaged');
    for (const verb of ['inspect', 'test']) {
      const damaged = await openclaw('model', verb, '.', '-o', 'json');
      assert.deepEqual([damaged.exitCode, JSON.parse(damaged.out).error.code], [1, 'E_MODEL_DIGEST'], verb);
      const missing = await openclaw('model', verb, 'no-such-model', '-o', 'json');
      assert.deepEqual([missing.exitCode, JSON.parse(missing.out).error.code], [3, 'E_MODEL_MISSING'], verb);
    }
  });

  it('examines this machine', async () => {
    const { out } = await openclaw('doctor', '-o', 'json');
    const findings: { check: string; state: string; detail: string }[] = JSON.parse(out).findings;
    const state = Object.fromEntries(findings.map(({ check, state }) => [check, state]));
    assert.deepEqual([state['node'], state['telemetry'], state['device cpu']], ['ok', 'ok', 'ok']);
    for (const check of ['clock', 'sandbox', 'state folder']) assert.ok(state[check], check);
  });
});
