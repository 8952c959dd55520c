import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRunner, type RunnerOptions } from '../../src/adapters/onnx/create-runner.ts';
import { sandboxAvailable } from '../../src/adapters/sandbox/bubblewrap.ts';
import { sumModel } from '../fixtures/models.ts';
import { runnerOptions } from '../fixtures/runner/options.ts';
import { skip } from '../skip.ts';

const PRISONER = fileURLToPath(new URL('../fixtures/runner/prisoner.ts', import.meta.url));
type Tried = { connect: string; read: string; write: string; user: number; env: string[] };

describe('what a model runner can reach', () => {
  let folder: string;
  let scratch: string;
  let server: Server;

  beforeEach((done) => {
    folder = mkdtempSync(join(tmpdir(), 'runner-secrets-'));
    scratch = mkdtempSync(join(tmpdir(), 'runner-scratch-'));
    writeFileSync(join(folder, 'secret'), 'private key');
    server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1', done);
  });
  afterEach((done) => {
    rmSync(folder, { recursive: true });
    rmSync(scratch, { recursive: true });
    server.close(done);
  });

  async function tries(changes: Partial<RunnerOptions>): Promise<Tried> {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const wishes = { port, read: join(folder, 'secret'), write: join(scratch, 'trace') };
    const label = JSON.stringify(wishes);
    const runner = createRunner(runnerOptions({ entry: PRISONER, label, scratchFolder: scratch, ...changes }));
    const loaded = await runner.start(sumModel());
    assert.ok(loaded.ok, loaded.ok ? '' : loaded.error.message);
    const told = await runner.run(new Float32Array(4), 1);
    await runner.stop(1000);
    assert.ok(!told.ok && told.error.code === 'E_RUN_FAILED');
    return JSON.parse(told.error.message);
  }

  it('in a process of its own is everything but the environment of the agent', async () => {
    process.env['TEST_SECRET'] = 'password';
    const tried = await tries({ isolation: 'process' });
    delete process.env['TEST_SECRET'];
    assert.deepEqual([tried.connect, tried.read, tried.write], ['done', 'done', 'done']);
    assert.ok(tried.env.includes('ORT_DISABLE_TELEMETRY'));
    const known = ['CUDA_VISIBLE_DEVICES', 'HOME', 'LD_LIBRARY_PATH', 'NODE_COMPILE_CACHE', 'ORT_DISABLE_TELEMETRY'];
    known.push('NODE_V8_COVERAGE'); // while coverage is measured, Node itself hands it to every child
    assert.deepEqual(
      tried.env.filter((name) => !known.includes(name)),
      [],
    );
  });

  it('is not asked where there is no sandbox: the reason is told', async () => {
    const available = await sandboxAvailable('/nonexistent/bwrap');
    assert.equal(available.ok ? 'available' : available.error.code, 'E_SANDBOX_UNAVAILABLE');
    assert.match(available.ok ? '' : available.error.message, /ENOENT/);
  });

  describe('in a sandbox', () => {
    before(async function () {
      const available = await sandboxAvailable();
      if (!available.ok) skip(this, available.error.message);
    });

    it('is no network, no file of the agent, and no place to write to', async () => {
      const tried = await tries({ isolation: 'sandbox' });
      assert.match(tried.connect, /ENETUNREACH|ECONNREFUSED/);
      assert.deepEqual([tried.read, tried.write], ['ENOENT', 'ENOENT']);
      assert.equal(tried.user, 65534);
    });

    it('is the network when it has that permission, and only then', async () => {
      const tried = await tries({ isolation: 'sandbox', network: true });
      assert.deepEqual([tried.connect, tried.read, tried.write], ['done', 'ENOENT', 'ENOENT']);
    });

    it('is its scratch folder when it has the permission for storage', async () => {
      const tried = await tries({ isolation: 'sandbox', storage: true });
      assert.deepEqual([tried.read, tried.write], ['ENOENT', 'done']);
      assert.ok(existsSync(join(scratch, 'trace')));
    });
  });
});
