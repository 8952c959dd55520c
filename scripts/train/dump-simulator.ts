/**
 * Writes windows of the project's own simulator to stdout, for training: a record is the label, the severity, and 2048
 * samples, all little-endian float32. Usage: node scripts/train/dump-simulator.ts FIRST_SEED BEARINGS
 */
import { once } from 'node:events';
import { simulatedWindows } from './simulated-windows.ts';

const [firstSeed, bearings] = process.argv.slice(2).map(Number);
if (firstSeed === undefined || bearings === undefined) throw new Error('usage: dump-simulator.ts FIRST_SEED BEARINGS');

for (const { label, severity, samples } of simulatedWindows(firstSeed, bearings)) {
  const record = Float32Array.of(label, severity, ...samples);
  if (!process.stdout.write(new Uint8Array(record.buffer))) await once(process.stdout, 'drain');
}
