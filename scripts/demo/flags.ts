import { parseArgs } from 'node:util';

const USAGE = `npm run demo -- [--data FOLDER] [--seed N] [--greengrass classic|lite] [-o table|json]

  --data FOLDER  play recordings (*.f32, 12 kHz) instead of virtual bearings
  --seed N       the same seed makes the same bearings
  --greengrass   as components of a simulated core device with the nucleus (classic) or nucleus lite
  -o, --output   a sentence or two for people, or one JSON object for programs
`;

export type DemoFlags = {
  readonly output: 'table' | 'json';
  readonly data: string | undefined;
  readonly seed: number;
  readonly greengrass: 'classic' | 'lite' | undefined;
};

/** Reads the command line. Text: what to say instead, because of a flag that is wrong, or because help was asked for. */
export function readFlags(args: readonly string[]): DemoFlags | { readonly usage: string; readonly wrong: boolean } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        output: { type: 'string', short: 'o', default: 'table' },
        data: { type: 'string' },
        seed: { type: 'string', default: '7' },
        greengrass: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) return { usage: USAGE, wrong: false };
    const { output, data, greengrass } = values;
    const seed = Number(values.seed);
    const known = greengrass === undefined || greengrass === 'classic' || greengrass === 'lite';
    // Recordings are for the first demo: here the models that come are what matters.
    const fits = known && (greengrass === undefined || data === undefined);
    if ((output === 'table' || output === 'json') && Number.isSafeInteger(seed) && fits)
      return { output, data, seed, greengrass };
  } catch {
    // what is wrong is seen in the usage
  }
  return { usage: USAGE, wrong: true };
}
