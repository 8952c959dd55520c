import { simulatedWindows } from '../../scripts/train/simulated-windows.ts';
import type { Sample } from './figures.ts';

/** Beyond the seeds of the training (from 1,000,000), its validation and its test (to 3,001,200). */
const FIRST_SEED = 4_000_000;
const BEARINGS = 400;
/** A defect counts as one from here on; fainter ones are left out. */
const FAULT_SEVERITY = 0.15;

/** Windows of simulated bearings that no training has seen, a quarter of them healthy. */
export function simulatorWindows(): readonly Sample[] {
  return [...simulatedWindows(FIRST_SEED, BEARINGS)]
    .filter(({ label, severity }) => label === 0 || severity >= FAULT_SEVERITY)
    .map(({ label, samples }) => ({ input: samples, truth: label }));
}
