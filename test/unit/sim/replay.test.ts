import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GEOMETRY } from '../../../src/sim/bearing.ts';
import { pickRecordings, Replay, readName, readRecordings } from '../../../src/sim/replay.ts';
import { skip } from '../../skip.ts';
import { envelopeLine } from './envelope.ts';

const CWRU = join(process.env['OPENCLAW_DATA'] ?? join(import.meta.dirname, '../../../../shared/data'), 'cwru');
const ramp = (count: number) => Float32Array.from({ length: count }, (_, i) => i);

describe('sim/replay', function () {
  this.timeout(15_000);
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replay-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const put = (name: string, bytes: Uint8Array) => writeFile(join(folder, name), bytes);
  const putSamples = (name: string, samples: Float32Array) => put(name, new Uint8Array(samples.buffer));
  async function refusal(): Promise<string> {
    const read = await readRecordings(folder);
    assert.equal(read.ok, false);
    return read.ok ? '' : `${read.error.code} ${read.error.message}`;
  }

  it('reads every recording of a folder by name, and ignores other files', async () => {
    await putSamples('1772_IR_7_DE12_DE.f32', Float32Array.of(0.5, -0.25, 1));
    await putSamples('pump.f32', Float32Array.of(1));
    await put('README.md', new Uint8Array(3));
    const read = await readRecordings(folder);
    assert.deepEqual(read, {
      ok: true,
      value: [
        { key: '1772_IR_7_DE12_DE', fault: 'inner', rpm: 1772, samples: Float32Array.of(0.5, -0.25, 1) },
        { key: 'pump', fault: undefined, rpm: 1797, samples: Float32Array.of(1) },
      ],
    });
  });

  it('plays the normal recording of CWRU, taken at 48 kHz, at the rate of the others', async () => {
    const wave = Float32Array.from({ length: 4800 }, (_, i) => Math.sin((2 * Math.PI * 300 * i) / 48_000));
    await putSamples('1797_Normal_DE.f32', wave);
    const read = await readRecordings(folder);
    assert.equal(read.ok, true);
    const samples = (read.ok && read.value[0]?.samples) || new Float32Array();
    assert.equal(samples.length, Math.floor((4800 - 129) / 4) + 1);
    // 300 Hz turn once in 40 samples of 12 kHz.
    for (const [i, value] of samples.slice(0, -40).entries())
      assert.ok(Math.abs(value - (samples[i + 40] ?? 9)) < 1e-4);
  });

  it('finds the fault in the name, and says when it is not there', () => {
    const fault = (name: string) => readName(name).fault;
    assert.deepEqual(['1797_B_7_DE12_DE.f32', '1797_ORat6_21_DE12_DE.f32', 'ORat12.f32'].map(fault), [
      'ball',
      'outer',
      'outer',
    ]);
    assert.deepEqual(['pump.f32', 'Bearing_1.f32', 'constructor.f32'].map(fault), [undefined, undefined, undefined]);
  });

  it('makes keys that are safe in a topic', () => {
    assert.equal(readName('a b+#ü.f32').key, 'a-b---');
    assert.equal(readName(`${'x'.repeat(200)}.f32`).key.length, 64);
  });

  it('refuses a file whose size is not a multiple of four', async () => {
    await put('1797_IR_7.f32', new Uint8Array(7));
    assert.match(await refusal(), /^E_RECORDING_INVALID .*1797_IR_7\.f32 has 7 bytes/);
  });

  it('refuses an empty file', async () => {
    await put('x.f32', new Uint8Array(0));
    assert.match(await refusal(), /^E_RECORDING_INVALID .*x\.f32 is empty/);
  });

  it('refuses NaN and infinity, and names the sample', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      await putSamples('x.f32', Float32Array.of(1, 2, bad));
      assert.match(await refusal(), new RegExp(`^E_RECORDING_INVALID .*x\\.f32: sample 2 is ${bad}`));
    }
  });

  it('refuses a folder that is missing or holds no recording', async () => {
    assert.match(await refusal(), /^E_FILE_MISSING .*holds no \*\.f32/);
    const read = await readRecordings(join(folder, 'nowhere'));
    assert.equal(!read.ok && read.error.code, 'E_FILE_MISSING');
  });

  it('refuses two files that make the same key', async () => {
    await putSamples('a b.f32', ramp(1));
    await putSamples('a-b.f32', ramp(1));
    assert.match(await refusal(), /^E_RECORDING_INVALID .*two files make the key a-b/);
  });

  it('plays a recording once from its offset, and ends', () => {
    const replay = new Replay({ key: 'k', fault: 'none', rpm: 1, samples: ramp(10) }, { offset: 0.4 });
    assert.deepEqual(replay.next(4), Float32Array.of(4, 5, 6, 7));
    assert.deepEqual(replay.next(4), Float32Array.of(8, 9));
    assert.equal(replay.next(4).length, 0);
  });

  it('starts again at the beginning when it loops, even several times in one call', () => {
    const replay = new Replay({ key: 'k', fault: 'none', rpm: 1, samples: ramp(3) }, { offset: 0.5, loop: true });
    assert.deepEqual(replay.next(9), Float32Array.of(1, 2, 0, 1, 2, 0, 1, 2, 0));
  });

  it('picks a healthy recording first, then one of each fault in turn', () => {
    const names = ['B_1', 'B_2', 'IR_1', 'IR_2', 'Normal', 'OR_1', 'other'];
    const recordings = names.map((name) => ({ ...readName(name), samples: ramp(1) }));
    const keys = (count: number) => pickRecordings(recordings, count).map(({ key }) => key);
    assert.deepEqual(keys(3), ['Normal', 'IR_1', 'OR_1']);
    assert.deepEqual(keys(99), ['Normal', 'IR_1', 'OR_1', 'B_1', 'other', 'IR_2', 'B_2']);
  });

  it('reads the ten recordings of CWRU, whose defects ring where the geometry says', async function () {
    if (!existsSync(CWRU)) skip(this, `no recordings in ${CWRU}`);
    const read = await readRecordings(CWRU);
    assert.ok(read.ok);
    const faults = read.value.map(({ fault }) => fault);
    assert.deepEqual(faults, [...Array(3).fill('ball'), ...Array(3).fill('inner'), 'none', ...Array(3).fill('outer')]);
    for (const { key, samples } of read.value.filter(({ key }) => /_(IR|ORat6)_7_/.test(key))) {
      const ratio = key.includes('IR') ? GEOMETRY.inner : GEOMETRY.outer;
      const found = envelopeLine(samples.slice(0, 12_000), (ratio * 1797) / 60);
      assert.ok(found > 6, `${key}: line of ${found}`);
    }
  });
});
