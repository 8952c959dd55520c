/**
 * Prints how good the shipped models are on data that their training has not seen:
 * `npm run bench:accuracy -- [--data FOLDER] [--output table|json]`. The folder holds `cwru` and `cmapss`.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { EdgeError } from '../src/domain/errors.ts';
import { type Accuracy, measureAccuracy } from './accuracy/measure.ts';

const DEFAULT_DATA = process.env['OPENCLAW_DATA'] ?? join(import.meta.dirname, '../../shared/data');
const EXIT = { fine: 0, problem: 1, usage: 2, missing: 3 } as const;
const DIGITS = 4;

const TARGETS: Readonly<Record<string, string>> = {
  'bearingFault.macroF1Small': '>= 0.97',
  'bearingFault.macroF1Large': '>= 0.97',
  'turbofanRul.rmse': '<= 14.9',
};

process.exitCode = await main();

async function main(): Promise<number> {
  const asked = askedFor();
  if (asked === undefined) {
    process.stderr.write('usage: npm run bench:accuracy -- [--data FOLDER] [--output table|json]\n');
    return EXIT.usage;
  }
  try {
    const accuracy = rounded(await measureAccuracy(asked.data));
    process.stdout.write(asked.output === 'json' ? `${JSON.stringify(accuracy)}\n` : table(accuracy));
    return EXIT.fine;
  } catch (thrown) {
    if (!(thrown instanceof EdgeError)) throw thrown;
    process.stderr.write(`${thrown.code} ${thrown.message}\n${thrown.hint}\n`);
    return thrown.code === 'E_FILE_MISSING' || thrown.code === 'E_MODEL_MISSING' ? EXIT.missing : EXIT.problem;
  }
}

function askedFor(): { data: string; output: string } | undefined {
  try {
    const options = { data: { type: 'string' }, output: { type: 'string' } } as const;
    const { data = DEFAULT_DATA, output = 'table' } = parseArgs({ options }).values;
    return output === 'table' || output === 'json' ? { data, output } : undefined;
  } catch {
    return undefined;
  }
}

function rounded({ bearingFault, turbofanRul }: Accuracy): Record<string, Record<string, number>> {
  const round = (figures: Readonly<Record<string, number>>) =>
    Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, Number(value.toFixed(DIGITS))]));
  return { bearingFault: round(bearingFault), turbofanRul: round(turbofanRul) };
}

function table(accuracy: Record<string, Record<string, number>>): string {
  const rows = Object.entries(accuracy).flatMap(([model, figures]) =>
    Object.entries(figures).map(([name, value]) => [`${model}.${name}`, String(value)] as const),
  );
  return rows
    .map(([name, value]) => `${name.padEnd(38)}${value.padEnd(10)}${TARGETS[name] ?? ''}`.trimEnd())
    .join('\n')
    .concat('\n');
}
