/**
 * Benchmarks of the agent, each against a baseline that runs beside it: `node bench/main.ts [throughput|latency|footprint|all|swap]`.
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
import { FIGURES, type Figures, printFigures, SWAP_FIGURES } from './report.ts';
import { stageVersusCopy } from './swap/stage.ts';
import { swap } from './swap.ts';
import { throughBroker } from './through-broker.ts';
import { throughput } from './throughput.ts';

/** What `all` means. */
const SUITES = ['throughput', 'latency', 'footprint'] as const;
type Suite = (typeof SUITES)[number] | 'swap';
const KNOWN: readonly string[] = [...SUITES, 'all', 'swap'];

/** Twice what all suites take with the defaults: something hangs. */
const DEADLINE_MS = 15 * 60_000;
/** As many runs as a median needs to shrug off two bad ones. */
const DEFAULT_RUNS = '5';
const DEFAULT_SECONDS = '2';
const EXIT = { fine: 0, usage: 2, missing: 3, internal: 4 } as const;

const USAGE = `node bench/main.ts [${KNOWN.join('|')}] [--runs N] [--seconds N] [--quick] [--output table|json]`;

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
  process.stdout.write(printFigures(listed(asked.suites), figures, asked.output));
  return missing ? EXIT.missing : EXIT.fine;
}

async function measure(bench: Bench, suites: readonly Suite[]): Promise<{ figures: Figures; missing: boolean }> {
  const mosquitto = findMosquitto();
  const missing = mosquitto === undefined && suites.some((suite) => suite !== 'throughput');
  if (missing) bench.say('mosquitto is not installed: what goes through a real broker is not measured (null)');

  const figures: Figures = {};
  if (suites.includes('throughput')) Object.assign(figures, await throughput(bench));
  if (suites.includes('latency') && mosquitto !== undefined)
    Object.assign(figures, await throughBroker(bench, mosquitto));
  if (suites.includes('footprint')) Object.assign(figures, await startUp(bench));
  if (suites.includes('footprint') && mosquitto !== undefined) Object.assign(figures, await idle(bench, mosquitto));
  if (suites.includes('swap')) figures.stageVsCopy = await stageVersusCopy(bench);
  if (suites.includes('swap') && mosquitto !== undefined) Object.assign(figures, await swap(bench, mosquitto));
  return { figures, missing };
}

/** A figure of these suites that was not measured is null. */
function listed(suites: readonly Suite[]) {
  const others = suites.some((suite) => suite !== 'swap') ? FIGURES : [];
  return [...others, ...(suites.includes('swap') ? SWAP_FIGURES : [])];
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
    const all = positionals.length === 0 || positionals.includes('all');
    const suites: Suite[] = SUITES.filter((suite) => all || positionals.includes(suite));
    if (positionals.includes('swap')) suites.push('swap');
    const known = positionals.every((name) => KNOWN.includes(name));
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
