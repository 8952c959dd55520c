/**
 * Writes windows of the project's own simulator to stdout, for training: a record is the label (0 normal, 1 inner, 2 outer,
 * 3 ball), the severity, and 2048 samples, all little-endian float32.
 * Usage: node scripts/train/dump-simulator.ts FIRST_SEED BEARINGS
 */
import { once } from 'node:events';
import { Bearing } from '../../src/sim/bearing.ts';
import { seeded } from '../../src/sim/random.ts';
import { FAULTS } from '../../src/sim/sensor.ts';

const WINDOW = 2048;
const WINDOWS_PER_BEARING = 4;
const RPM_RANGE = [1730, 1830] as const;
/** Fainter defects than this are left to the transition: neither healthy nor called a fault. */
const FAINTEST = 0.08;

const [firstSeed, bearings] = process.argv.slice(2).map(Number);
if (firstSeed === undefined || bearings === undefined) throw new Error('usage: dump-simulator.ts FIRST_SEED BEARINGS');

for (let seed = firstSeed; seed < firstSeed + bearings; seed++) {
  const label = seed % FAULTS.length;
  const draw = seeded(seed, 99);
  const severity = label === 0 ? 0 : FAINTEST ** draw.uniform();
  const fault = FAULTS[label] ?? 'none';
  const bearing = new Bearing({ seed, fault, rpm: draw.between(...RPM_RANGE), peakSeverity: severity });
  for (let i = 0; i < WINDOWS_PER_BEARING; i++) {
    const record = Float32Array.of(label, severity, ...bearing.next(WINDOW));
    if (!process.stdout.write(new Uint8Array(record.buffer))) await once(process.stdout, 'drain');
  }
}
