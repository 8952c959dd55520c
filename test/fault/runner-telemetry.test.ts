import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { skip } from '../skip.ts';

const PARENT = fileURLToPath(new URL('../fixtures/runner/parent.ts', import.meta.url));
/** strace slows a start about tenfold. */
const TRACED_MS = 60_000;

describe('a process that runs a model', () => {
  let folder: string;

  before(function () {
    if (spawnSync('strace', ['-f', 'true']).status !== 0) skip(this, 'strace cannot trace here');
    folder = mkdtempSync(join(tmpdir(), 'runner-trace-'));
  });
  after(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true });
  });

  for (const isolation of ['process', 'none']) {
    it(`opens no socket to a network, and prepares no report (isolation: ${isolation})`, () => {
      const trace = join(folder, isolation);
      const home = mkdtempSync(join(folder, 'home-'));
      const traced = spawnSync(
        'strace',
        ['-f', '-e', 'trace=network,%file', '-o', trace, process.execPath, PARENT, 'once', isolation],
        // As on a device where nobody set it: the adapter has to.
        { env: { ...process.env, HOME: home, ORT_DISABLE_TELEMETRY: undefined }, encoding: 'utf8' },
      );
      assert.equal(traced.status, 0, traced.stderr);
      const calls = readFileSync(trace, 'utf8').split('\n');
      assert.ok(
        calls.some((call) => call.includes('libonnxruntime.so')),
        'the trace does not show the library',
      );
      assert.deepEqual(
        calls.filter((call) => /AF_INET|AF_NETLINK/.test(call)),
        [],
      );
      // What it means to send later goes through a database in ~/.cache/Microsoft/DeveloperTools.
      assert.deepEqual(
        calls.filter((call) => call.includes('DeveloperTools')),
        [],
      );
    }).timeout(TRACED_MS);
  }
});
