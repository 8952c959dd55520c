/**
 * Benchmarks of the agent, each against a baseline that runs beside it: `node bench/main.ts [throughput|latency|footprint|all]`.
 * Figures on stdout, progress on stderr. Nothing is asserted: the targets are in the README, the verdict is the reader's.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Bench, FULL_PACE, QUICK_PACE } from './agents.ts';
import { Children } from './children.ts';
import { idle, startUp } from './footprint.ts';
import { writeModelPackage } from './model.ts';
import { findMosquitto } from './mosquitto.ts';
import { FIGURES, type Figures, printFigures } from './report.ts';
import { throughBroker } from './through-broker.ts';
import { throughput } from './throughput.ts';

const SUITES = ['throughput', 'latency', 'footprint'] as const;
type Suite = (typeof SUITES)[number];

/** Twice what all suites take with the defaults: something hangs. */
const DEADLINE_MS = 15 * 60_000;
/** As many runs as a median needs to shrug off two bad ones. */
const DEFAULT_RUNS = '5';
const DEFAULT_SECONDS = '2';
const EXIT = { fine: 0, usage: 2, missing: 3, internal: 4 } as const;

const USAGE = `node bench/main.ts [${[...SUITES, 'all'].join('|')}] [--runs N] [--seconds N] [--quick] [--output table|json]`;

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  return EXIT.internal;
});

async function main(): Promise<number> {
  const asked = askedFor();
  if (asked === undefined) {
    process.stderr.write(`usage: ${USAGE}\n`);
    return EXIT.usage;
  }
  const folder = mkdtempSync(join(tmpdir(), 'openclaw-bench-'));
  const children = new Children(folder);
  process.once('exit', () => {
    children.killAll();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(EXIT.internal));
  setTimeout(() => giveUp(), DEADLINE_MS).unref();

  const say = (line: string) => process.stderr.write(`${line}\n`);
  const bench: Bench = { children, folder, modelFolder: writeModelPackage(join(folder, 'model')), say, ...asked };
  const { figures, missing } = await measure(bench, asked.suites);
  process.stdout.write(printFigures(figures, asked.output));
  return missing ? EXIT.missing : EXIT.fine;
}

async function measure(bench: Bench, suites: readonly Suite[]): Promise<{ figures: Figures; missing: boolean }> {
  const mosquitto = findMosquitto();
  const missing = mosquitto === undefined && suites.some((suite) => suite !== 'throughput');
  if (missing) bench.say('mosquitto is not installed: what goes through a real broker is not measured (null)');

  const figures: Figures = Object.fromEntries(FIGURES.map(({ name }) => [name, null]));
  if (suites.includes('throughput')) Object.assign(figures, await throughput(bench));
  if (suites.includes('latency') && mosquitto !== undefined)
    Object.assign(figures, await throughBroker(bench, mosquitto));
  if (suites.includes('footprint')) Object.assign(figures, await startUp(bench));
  if (suites.includes('footprint') && mosquitto !== undefined) Object.assign(figures, await idle(bench, mosquitto));
  return { figures, missing };
}

function askedFor() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        runs: { type: 'string', default: DEFAULT_RUNS },
        seconds: { type: 'string', default: DEFAULT_SECONDS },
        quick: { type: 'boolean', default: false },
        output: { type: 'string', default: 'table' },
      },
    });
    const suites =
      positionals.length === 0 || positionals.includes('all') ? SUITES : SUITES.filter((s) => positionals.includes(s));
    const known = positionals.every((name) => name === 'all' || SUITES.some((suite) => suite === name));
    const runs = values.quick ? 1 : Number(values.runs);
    const measureMs = Number(values.seconds) * 1000;
    const { output } = values;
    const pace = values.quick ? QUICK_PACE : { ...FULL_PACE, measureMs };
    if (!known || !(runs >= 1) || !(measureMs > 0) || (output !== 'table' && output !== 'json')) return undefined;
    return { suites, output, runs, pace } as const;
  } catch {
    return undefined;
  }
}

function giveUp(): never {
  process.stderr.write('the benchmarks hang: given up\n');
  process.exit(EXIT.internal);
}
