import assert from 'node:assert/strict';
import { Bearing } from '../../../src/sim/bearing.ts';
import { bearings } from '../../../src/sim/bearings.ts';
import { FAULTS, SAMPLE_RATE_HZ } from '../../../src/sim/sensor.ts';
import { envelopeLine, rms } from './envelope.ts';

const SEEDS = [1, 2, 3] as const;
/** Where each fault shows itself, in multiples of the shaft speed, as the CWRU Bearing Data Center prints it. */
const LINES = { inner: 5.4152, outer: 3.5848, ball: 4.7135 } as const;
const FAULTY = ['inner', 'outer', 'ball'] as const;
const seconds = (count: number) => count * SAMPLE_RATE_HZ;

function line(bearing: Bearing, ratio: number): number {
  const samples = bearing.next(seconds(1));
  return envelopeLine(samples, (ratio * bearing.rpm) / 60);
}

describe('sim/bearing', function () {
  this.timeout(15_000);
  it('makes the same samples from the same seed, and others from another', () => {
    for (const fault of FAULTS) {
      const first = new Bearing({ seed: 5, fault }).next(5000);
      assert.deepEqual(new Bearing({ seed: 5, fault }).next(5000), first);
      assert.notDeepEqual(new Bearing({ seed: 6, fault }).next(5000), first);
    }
  });

  it('makes the same samples however they are asked for', () => {
    for (const fault of FAULTS) {
      const options = { seed: 9, fault, onsetSec: 0.1, failSec: 0.5 };
      const parts = new Bearing(options);
      const sizes = [512, 512, 1, 7, 0, 2968, 4000];
      const joined = Float32Array.from(sizes.flatMap((size) => [...parts.next(size)]));
      assert.deepEqual(joined, new Bearing(options).next(8000));
    }
  });

  for (const fault of FAULTY) {
    it(`shows a fault of the ${fault} at its own frequency in the envelope, above the others`, () => {
      for (const seed of SEEDS) {
        const own = line(new Bearing({ seed, fault }), LINES[fault]);
        assert.ok(own > 6, `seed ${seed}: line of ${own}`);
        for (const other of FAULTY.filter((name) => name !== fault)) {
          const foreign = line(new Bearing({ seed, fault }), LINES[other]);
          assert.ok(own > 1.5 * foreign, `seed ${seed}: ${own}, but ${foreign} at ${other}`);
        }
      }
    });
  }

  it('shows no fault line while it is healthy', () => {
    for (const seed of SEEDS) {
      for (const fault of FAULTY) {
        const found = line(new Bearing({ seed, fault: 'none' }), LINES[fault]);
        assert.ok(found < 4, `seed ${seed}: line of ${found} at ${fault}`);
      }
    }
  });

  it('is as loud as the recordings of CWRU', () => {
    for (const seed of SEEDS) {
      const level = (fault: (typeof FAULTS)[number]) => rms(new Bearing({ seed, fault }).next(seconds(2)));
      const healthy = level('none');
      assert.ok(healthy > 0.04 && healthy < 0.1, `healthy at ${healthy}`);
      for (const fault of FAULTY) {
        const failed = level(fault);
        assert.ok(failed > 0.25 && failed < 1, `${fault} at ${failed}`);
      }
    }
  });

  it('is healthy until the onset, wears out with the square of time, and stays failed', () => {
    const bearing = new Bearing({ seed: 4, fault: 'outer', onsetSec: 1, failSec: 3, peakSeverity: 0.8 });
    const healthy = new Bearing({ seed: 4, fault: 'none' });
    assert.deepEqual(bearing.next(seconds(1)), healthy.next(seconds(1)));
    assert.equal(bearing.severity, 0);
    const early = rms(bearing.next(seconds(1)));
    assert.ok(Math.abs(bearing.severity - 0.2) < 1e-9, `severity ${bearing.severity} half way`);
    const late = rms(bearing.next(seconds(1)));
    const failed = rms(bearing.next(seconds(1)));
    assert.equal(bearing.severity, 0.8);
    assert.ok(early > rms(healthy.next(seconds(1))) && late > 1.5 * early && failed > 1.2 * late);
  });

  it('drifts in speed, within 1.5 % of nominal', () => {
    const bearing = new Bearing({ seed: 2, fault: 'none', rpm: 1797 });
    const speeds = Array.from({ length: 60 }, () => {
      bearing.next(seconds(1));
      return bearing.rpm;
    });
    for (const rpm of speeds) assert.ok(Math.abs(rpm / 1797 - 1) <= 0.0151, `${rpm} rpm`);
    assert.ok(Math.max(...speeds) - Math.min(...speeds) > 4, 'it stands still');
    const steps = speeds.slice(1).map((rpm, i) => Math.abs(rpm - (speeds[i] ?? rpm)));
    assert.ok(Math.max(...steps) < 20, 'it jumps');
  });

  it('is made at least 50 times faster than real time', () => {
    const bearing = new Bearing({ seed: 1, fault: 'inner' });
    bearing.next(seconds(5));
    // CPU time, not time on the wall: a busy machine must not fail this.
    const before = process.cpuUsage();
    bearing.next(seconds(20));
    const used = process.cpuUsage(before);
    assert.ok((used.user + used.system) / 1e6 < 20 / 50, `${used.user + used.system} us for 20 s`);
  });

  it('lines up healthy bearings first and one bearing a fault after them', () => {
    const made = bearings({ count: 4, fail: ['inner', 'ball'], seed: 1, onsetSec: 1, failSec: 2 });
    assert.deepEqual(
      made.map(({ key, fault }) => [key, fault]),
      [
        ['bearing-1', 'none'],
        ['bearing-2', 'none'],
        ['bearing-3', 'inner'],
        ['bearing-4', 'ball'],
      ],
    );
    assert.notDeepEqual(made[0]?.next(100), made[1]?.next(100));
  });
});
