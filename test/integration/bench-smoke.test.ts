import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findMosquitto } from '../../bench/mosquitto.ts';
import { FIGURES, SWAP_FIGURES } from '../../bench/report.ts';
import { skip } from '../skip.ts';

/** Some fifteen processes are started one after another. */
const TIMEOUT_MS = 90_000;
/** CPU time comes in ticks of 10 ms, and an idle agent may well use none. */
const MAY_BE_ZERO = ['idleCpuPct', 'lost'];

describe('the benchmarks', function () {
  this.timeout(TIMEOUT_MS);

  for (const { suite, listed } of [
    { suite: 'all', listed: FIGURES },
    { suite: 'swap', listed: SWAP_FIGURES },
  ]) {
    it(`print one JSON object with every figure of ${suite}`, async function () {
      if (findMosquitto() === undefined) skip(this, 'mosquitto is not installed');
      const args = ['bench/main.ts', suite, '--quick', '--output', 'json'];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      const figures = JSON.parse(stdout.trimEnd());
      assert.deepEqual(
        Object.keys(figures),
        listed.map(({ name }) => name),
      );
      for (const [name, value] of Object.entries(figures)) {
        assert.ok(typeof value === 'number', `${name} is ${value}`);
        assert.ok(MAY_BE_ZERO.includes(name) ? value >= 0 : value > 0, `${name} is ${value}`);
      }
    });
  }

  it('say how they are called when they are called wrongly', async () => {
    const failed = await promisify(execFile)(process.execPath, ['bench/main.ts', 'speed']).catch((error) => error);
    assert.equal(failed.code, 2);
    assert.match(failed.stderr, /usage: node bench\/main\.ts \[throughput\|latency\|footprint\|all\|swap\]/);
  });
});
