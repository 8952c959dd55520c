import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { componentLint } from '../../../src/cli/component-lint.ts';
import { main } from '../../../src/cli.ts';
import { AGENT, MODEL } from '../component/lint/recipes.ts';
import { capture } from './capture.ts';

let folder = '';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'openclaw-lint-'));
});

after(() => rm(folder, { recursive: true }));

/** Lints these texts as files, and gives what is printed. */
async function run(output: 'table' | 'json' | 'ndjson', ...texts: string[]) {
  const files = await Promise.all(
    texts.map(async (text, at) => {
      const file = join(folder, `${at}.yaml`);
      await writeFile(file, text);
      return file;
    }),
  );
  const { io, written } = capture(output);
  const exitCode = await componentLint.run({ args: files, flags: {} }, io);
  return { exitCode, ...written };
}

describe('the command component lint', () => {
  it('says that recipes are clean, and ends with 0', async () => {
    assert.deepEqual(await run('table', AGENT, MODEL), { exitCode: 0, out: '2 recipes: clean\n', err: '' });
  });

  it('explains each finding, and ends with 1', async () => {
    const { exitCode, out } = await run('table', AGENT.replace('  Timeout: 200', '  Skipif: onpath tar'));
    assert.equal(exitCode, 1);
    const [first = '', explanation = '', mend = '', ...rest] = out.split('\n');
    assert.match(first, /0\.yaml:34:9 error skipif \(lite\): Skipif is passed over$/);
    assert.match(explanation, /^ {2}Nucleus lite does not know Skipif/);
    assert.match(mend, /^ {2}Ask in the script/);
    assert.deepEqual(rest, ['', '1 recipe: 1 errors, 0 warnings', '']);
  });

  it('gives findings to programs, as one document or a line each', async () => {
    const bad = AGENT.replaceAll("runtime: '*'", "Runtime: '*'");
    const { exitCode, out } = await run('json', bad);
    const { ok, recipes, findings } = JSON.parse(out);
    assert.deepEqual([exitCode, ok, recipes, findings.length], [1, false, 1, 2]);
    const lines = (await run('ndjson', bad)).out.trim().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      findings,
    );
    assert.deepEqual(JSON.parse((await run('json', AGENT)).out), { ok: true, recipes: 1, findings: [] });
  });

  it('ends with 3 when a file is missing', async () => {
    const { io, json } = capture();
    assert.equal(await componentLint.run({ args: [join(folder, 'none.yaml')], flags: {} }, io), 3);
    assert.equal(json().error.code, 'E_FILE_MISSING');
  });

  it('passes what comes from a recipe without control characters', async () => {
    const { out } = await run('table', AGENT.replace('Artifacts: []', '"Arti\\e[31mfacts": []'));
    assert.ok(!out.includes('\u001b') && out.includes('Arti?[31mfacts'), out);
  });
});

describe('the command line of component lint', () => {
  it('needs a file', async () => {
    const write = process.stderr.write;
    process.stderr.write = () => true;
    try {
      assert.equal(await main(['component', 'lint']), 2);
    } finally {
      process.stderr.write = write;
    }
  });
});
