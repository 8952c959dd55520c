import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Option } from 'commander';
import type { Io } from '../../src/cli/io.ts';
import { simulateSensors } from '../../src/cli/simulate-sensors.ts';
import { type SimulateFlags, simulateFlags } from '../../src/cli/simulate-sensors-flags.ts';
import { capture } from '../unit/cli/capture.ts';
import { startAedes } from './sim-brokers.ts';

describe('openclaw-edge simulate sensors', function () {
  this.timeout(15_000);
  let broker: Awaited<ReturnType<typeof startAedes>>;
  beforeEach(async () => {
    broker = await startAedes();
  });
  afterEach(() => broker.stop());

  /** Runs the command with flags as texts, as a command line has them. */
  async function run(texts: Partial<Record<keyof SimulateFlags, string>>, options: Partial<Io> = {}) {
    const { io, written } = capture();
    const all = { broker: broker.url, duration: '300ms', rate: '10', ...texts };
    const exit = await simulateSensors.run({ args: [], flags: parse(all) }, { ...io, ...options });
    return { exit, ...written };
  }

  it('has flags whose keys are those that commander makes, and defaults that its own parser gives', () => {
    for (const flag of simulateFlags) {
      assert.equal(new Option(flag.name).attributeName(), flag.key);
      if (flag.parse === undefined || flag.default === undefined) continue;
      const read = flag.parse(flag.defaultText ?? String(flag.default));
      assert.deepEqual(read, { ok: true, value: flag.default });
    }
  });

  it('publishes bearings and tells what it sent, what is due and what to expect', async () => {
    const { exit, out } = await run({ bearings: '2', fail: 'ball' });
    const summary = JSON.parse(out);
    assert.equal(exit, 0);
    assert.equal(summary.ok, true);
    assert.equal(summary.messages, broker.received.length);
    assert.deepEqual(summary.sensors, [
      { key: 'bearing-1', fault: 'none', messages: 140, samples: 35_840, windowsDue: 34 },
      { key: 'bearing-2', fault: 'ball', messages: 140, samples: 35_840, windowsDue: 34 },
    ]);
  });

  it('prints a table for people, and a line a sensor as ndjson', async () => {
    const table = await run({}, { output: 'table' });
    assert.match(table.out, /^key +fault +messages +samples +windowsDue\nbearing-1 +none +140 /);
    assert.match(table.err, /420 messages sent, 420 delivered, 0 missed/);
    const lines = (await run({}, { output: 'ndjson' })).out.trim().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).fault),
      ['none', 'inner', 'outer'],
    );
  });

  it('replays a folder of recordings', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'recordings-'));
    // CWRU's normal recording comes at 48 kHz; these are 4096 samples at the rate of the others.
    const lengths = { '1797_B_7.f32': 4096, '1797_IR_7.f32': 4096, '1797_Normal.f32': 4 * 4095 + 129 };
    for (const [name, length] of Object.entries(lengths))
      await writeFile(join(folder, name), new Uint8Array(new Float32Array(length).buffer));
    const { exit, out } = await run({ data: folder, keys: '2', offset: '0.5' }).finally(() =>
      rm(folder, { recursive: true }),
    );
    assert.equal(exit, 0);
    assert.deepEqual(JSON.parse(out).sensors, [
      { key: '1797_Normal', fault: 'none', messages: 8, samples: 2048, windowsDue: 1 },
      { key: '1797_IR_7', fault: 'inner', messages: 8, samples: 2048, windowsDue: 1 },
    ]);
  });

  it('ends at once when it is interrupted, and still tells what it sent', async () => {
    const stop = new AbortController();
    const running = run({ duration: '1h' }, { signal: stop.signal });
    await wait(200);
    stop.abort();
    const { exit, out } = await Promise.race([running, wait(5_000).then(() => assert.fail('it goes on'))]);
    assert.equal(exit, 0);
    assert.ok(JSON.parse(out).messages > 0);
  });

  it('refuses what cannot be: a folder that is missing, more faults than bearings, a failure before its onset', async () => {
    const refused = [
      await run({ data: '/nowhere' }),
      await run({ bearings: '1', fail: 'inner,outer' }),
      await run({ onset: '2s', failed: '1s' }),
      await run({ data: '/nowhere', fail: 'inner' }),
    ].map(({ exit, out }) => [exit, JSON.parse(out).error.code]);
    assert.deepEqual(refused, [
      [3, 'E_FILE_MISSING'],
      [2, 'E_USAGE'],
      [2, 'E_USAGE'],
      [2, 'E_USAGE'],
    ]);
    assert.equal(broker.received.length, 0);
  });

  it('refuses a broker that is no URL and a topic that would be a filter', () => {
    for (const texts of [{ broker: 'localhost' }, { broker: 'http://x' }, { topic: 'a/b' }, { topic: 'a/+/{key}' }]) {
      assert.throws(() => parse(texts));
    }
  });

  it('keeps the password of the broker out of what it prints', async () => {
    const { out, err } = await run({ broker: broker.url.replace('mqtt://', 'mqtt://me:secret@') });
    assert.match(err, /3 sensors to 127\.0\.0\.1:\d+/);
    assert.doesNotMatch(out + err, /secret/);
  });
});

/** Does what the composition root does with commander: parses texts, fills in defaults. */
function parse(texts: Partial<Record<string, string>>): SimulateFlags {
  const flags: Record<string, unknown> = {};
  for (const flag of simulateFlags) {
    const text = texts[flag.key];
    const read = text === undefined ? undefined : flag.parse?.(text);
    if (read?.ok === false) throw new Error(read.error.message);
    flags[flag.key] = read === undefined ? flag.default : read.value;
  }
  return flags as SimulateFlags;
}
