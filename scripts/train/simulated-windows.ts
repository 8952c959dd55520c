import { Bearing } from '../../src/sim/bearing.ts';
import { seeded } from '../../src/sim/random.ts';
import { FAULTS } from '../../src/sim/sensor.ts';

const WINDOW = 2048;
const WINDOWS_PER_BEARING = 4;
const RPM_RANGE = [1730, 1830] as const;
/** Fainter defects than this are neither healthy nor called a fault: they are in no set. */
const FAINTEST = 0.08;
/** Keeps the draw of severity and speed apart from the streams that the bearing itself uses. */
const DRAW_STREAM = 99;

/** `label` counts as the shipped model does: 0 normal, 1 inner, 2 outer, 3 ball. */
export type SimulatedWindow = { readonly label: number; readonly severity: number; readonly samples: Float32Array };

/** Gives windows of `bearings` simulated bearings, all faults in turn, each of one severity drawn log-uniformly. */
export function* simulatedWindows(firstSeed: number, bearings: number): Generator<SimulatedWindow> {
  for (let seed = firstSeed; seed < firstSeed + bearings; seed++) {
    const label = seed % FAULTS.length;
    const fault = FAULTS[label] ?? 'none';
    const draw = seeded(seed, DRAW_STREAM);
    const severity = fault === 'none' ? 0 : FAINTEST ** draw.uniform();
    const bearing = new Bearing({ seed, fault, rpm: draw.between(...RPM_RANGE), peakSeverity: severity });
    for (let i = 0; i < WINDOWS_PER_BEARING; i++) yield { label, severity, samples: bearing.next(WINDOW) };
  }
}
