import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { type AgentRunFlags, agentRun, type StartDevice } from '../../../src/cli/agent-run.ts';
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
});
