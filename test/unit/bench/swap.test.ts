import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FULL_PACE } from '../../../bench/agents.ts';
import { writeHeavyPackage, writeSwapPackages } from '../../../bench/swap/packages.ts';
import { readSteps, stepAt, untilIn } from '../../../bench/swap/steps.ts';
import { gapAt, longest, silence } from '../../../bench/swap/witness.ts';
import { loadTrust } from '../../../src/package/trust.ts';
import { verifyPackage } from '../../../src/package/verify.ts';

/** Three models of 13 MB are made from 3.3 million draws each. */
const TIMEOUT_MS = 20_000;

describe('the benchmark of a swap', function () {
  this.timeout(TIMEOUT_MS);
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'bench-swap-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const verified = async (source: string, trust: string, releaseFloor: number) => {
    const root = await loadTrust(trust);
    assert.ok(root.ok, JSON.stringify(root));
    const context = { nowMs: Date.now(), releaseFloor, groups: [], thing: 'bench', newInstall: true };
    const found = await verifyPackage(source, root.value, context);
    assert.ok(found.ok, JSON.stringify(found));
    return found.value;
  };

  it('rolls out packages of 13 MB that the agent believes, each newer than the one before', async () => {
    const { trust, first, committing, watched } = await writeSwapPackages(folder, FULL_PACE.swap);
    for (const [floor, { folder, version }] of [first, committing, watched].entries()) {
      const { ref, bytes } = await verified(folder, trust, floor);
      assert.deepEqual([ref.version, ref.release], [version, floor + 1]);
      assert.ok(bytes > 13e6 && bytes < 14e6, `${bytes} bytes`);
    }
  });

  it('stages a package of the size that is asked for', async () => {
    const { folder: heavy, trust } = await writeHeavyPackage(join(folder, 'heavy'), 1e6);
    const { bytes } = await verified(heavy, trust, 0);
    assert.ok(bytes > 1e6 && bytes < 1.1e6, `${bytes} bytes`);
  });

  it('finds the longest gap, and the one that 99 of 100 do not exceed', () => {
    const gaps = Array.from({ length: 100 }, (_, i) => ({ endMs: i, ms: i }));
    assert.equal(longest(gaps).ms, 99);
    assert.equal(gapAt(gaps, 0.99), 99);
    assert.equal(gapAt(gaps, 0.5), 50);
  });

  it('tells how long nothing was sent within a gap', () => {
    const sentMs = Float64Array.from([0, 10, 11, 18, 30]);
    assert.equal(silence(sentMs, { endMs: 20, ms: 10 }), 7);
    assert.equal(silence(sentMs, { endMs: 40, ms: 22 }), 12);
    assert.equal(silence(sentMs, { endMs: 17, ms: 5 }), 5);
  });

  it('reads from the log of an agent what its slot did when', async () => {
    const log = join(folder, 'agent.log');
    const line = (time: string, facts: object) => JSON.stringify({ time, agent: 'bench', ...facts });
    const lines = [
      line('2027-01-01T00:00:00.000Z', { event: 'agent running' }),
      line('2027-01-01T00:00:01.000Z', { slot: 'bench', from: 'idle', to: 'verifying' }),
      line('2027-01-01T00:00:02.000Z', { slot: 'bench', from: 'verifying', to: 'verifying' }),
      line('2027-01-01T00:00:03.000Z', { slot: 'bench', from: 'verifying', to: 'staging' }),
      'a line of something else that tells of a "slot"',
    ];
    writeFileSync(log, lines.join('\n'));
    const steps = readSteps(log);
    const at = (second: number) => stepAt(steps, Date.parse(`2027-01-01T00:00:0${second}.500Z`));
    assert.deepEqual([0, 1, 2, 3].map(at), [undefined, 'verifying', 'verifying', 'staging']);
    await untilIn('staging', log);
  });
});
