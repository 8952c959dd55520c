import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { type AgentRunFlags, agentRun, type StartComponent, type StartDevice } from '../../../src/cli/agent-run.ts';
import { EdgeError, type Failure, failure } from '../../../src/domain/errors.ts';
import { capture } from './capture.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../../examples');
const CONFIG = `${EXAMPLES}/turbofan.yaml`;
const NO_FLAGS: AgentRunFlags = { config: undefined, model: undefined, device: undefined, batchSize: undefined };

/** A device that starts by what the test says, and writes down how it is stopped. */
function bench(how: { refusal?: Failure; start?: () => never } = {}) {
  const abort = new AbortController();
  const { io, written } = capture('json', abort.signal);
  const asked: Parameters<StartDevice>[0][] = [];
  const stops: number[] = [];
  const command = agentRun(async (options) => {
    asked.push(options);
    how.start?.();
    return { url: 'mqtt://127.0.0.1:1', refusal: how.refusal, stop: async (deadlineMs) => void stops.push(deadlineMs) };
  });
  const run = (flags: Partial<AgentRunFlags> = {}) => command.run({ args: [], flags: { ...NO_FLAGS, ...flags } }, io);
  return { run, abort, written, asked, stops };
}

describe('agent run', () => {
  it('runs until it is told to end, and stops the device within its deadline', async () => {
    const { run, abort, stops, written } = bench();
    const running = run({ config: CONFIG });
    const first = await Promise.race([running, new Promise((soon) => setImmediate(soon, 'runs'))]);
    assert.equal(first, 'runs');
    abort.abort();
    assert.equal(await running, 0);
    assert.deepEqual(stops, [8000]);
    assert.deepEqual(written, { out: '', err: '' });
  });

  it('starts the device with the configuration, its folder, and the flags', async () => {
    const { run, abort, asked } = bench();
    abort.abort();
    await run({ config: CONFIG, batchSize: 3 });
    const [options] = asked;
    assert.deepEqual([options?.config.thing, options?.baseDir], ['hangar-1', EXAMPLES]);
    assert.equal(options?.config.agents[0]?.batch.max, 3);
  });

  it('reads the configuration again with the same flags', async () => {
    const { run, abort, asked } = bench();
    abort.abort();
    await run({ config: CONFIG, batchSize: 3 });
    const again = await asked[0]?.reread();
    assert.equal(again?.ok && again.value.agents[0]?.batch.max, 3);
  });

  it('starts in the working folder without a configuration', async () => {
    const { run, abort, asked } = bench();
    abort.abort();
    await run();
    assert.equal(asked[0]?.baseDir, process.cwd());
  });

  it('starts nothing without its configuration', async () => {
    const { run, asked, written } = bench();
    assert.equal(await run({ config: '/nonexistent.yaml' }), 3);
    assert.deepEqual(asked, []);
    assert.equal(JSON.parse(written.out).error.code, 'E_FILE_MISSING');
  });

  it('tells why the device does not start', async () => {
    const start = () => {
      throw new EdgeError(failure('E_PORT_IN_USE', '1883'));
    };
    const { run, written } = bench({ start });
    assert.equal(await run(), 1);
    assert.equal(JSON.parse(written.out).error.code, 'E_PORT_IN_USE');
  });

  it('does not hide a bug behind an expected failure', async () => {
    const start = () => {
      throw new TypeError('as the test wants');
    };
    await assert.rejects(bench({ start }).run(), TypeError);
  });

  it('ends with the reason when no agent at all could start', async () => {
    const { run, abort, written, stops } = bench({ refusal: failure('E_MODEL_MISSING', 'x') });
    abort.abort();
    assert.equal(await run(), 3);
    assert.deepEqual(stops, [8000]);
    assert.equal(JSON.parse(written.out).error.code, 'E_MODEL_MISSING');
  });

  describe('as a component', () => {
    function component(how: { restart?: AbortSignal; failed?: AbortSignal; refused?: true } = {}) {
      const abort = new AbortController();
      const { io, written } = capture('table', abort.signal);
      const asked: Parameters<StartComponent>[0][] = [];
      const startDevice: StartDevice = () => assert.fail('the nucleus has the configuration');
      const command = agentRun(startDevice, async (options) => {
        asked.push(options);
        const problems = ['one', 'two'].map(
          (path) => ({ code: 'E_CONFIG_INVALID', path, problem: 'is wrong' }) as const,
        );
        if (how.refused) return { ok: false, error: failure('E_CONFIG_INVALID', 'one'), problems };
        const { restart, failed } = how;
        return { ok: true, value: { url: undefined, refusal: undefined, restart, failed, stop: async () => {} } };
      });
      const run = (flags: Partial<AgentRunFlags> = {}) =>
        command.run({ args: [], flags: { ...NO_FLAGS, ...flags } }, io);
      return { run, abort, written, asked };
    }

    it('asks to be started again by exit code 75', async () => {
      const restart = new AbortController();
      const { run } = component({ restart: restart.signal });
      const running = run();
      restart.abort();
      assert.equal(await running, 75);
    });

    it('ends with the reason, and not by 75, when only a process that the nucleus starts helps', async () => {
      const failed = new AbortController();
      const { run, written } = component({ failed: failed.signal, restart: AbortSignal.abort() });
      failed.abort(new EdgeError(failure('E_IPC_DENIED', 'it was forgotten')));
      assert.equal(await run(), 1);
      assert.match(written.err, /^E_IPC_DENIED .*it was forgotten/);
    });

    it('ends with 0 when it is told to end at the same moment', async () => {
      const restart = new AbortController();
      const { run, abort } = component({ restart: restart.signal });
      restart.abort();
      abort.abort();
      assert.equal(await run(), 0);
    });

    it('prints every reason and exits 1 where no configuration was ever good', async () => {
      const { run, written } = component({ refused: true });
      assert.equal(await run(), 1);
      assert.match(written.err, /one is wrong\ntwo is wrong\n/);
    });

    it('puts the flags before what was delivered, and takes a file where one is named', async () => {
      const { run, abort, asked } = component();
      abort.abort();
      await run({ batchSize: 3, config: CONFIG });
      const { file, override } = asked[0] ?? assert.fail();
      const read = await file?.read();
      assert.equal(file?.baseDir, EXAMPLES);
      assert.ok(read?.ok);
      assert.equal(override(read.value).agents[0]?.batch.max, 3);
    });
  });
});
