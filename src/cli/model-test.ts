import { DEVICES, type Device } from '../domain/agent-spec.ts';
import { type Failure, ok, type Result } from '../domain/errors.ts';
import type { GoldenCase, Manifest } from '../domain/manifest.ts';
import { type ModelPackage, openPackage, readVariant } from '../package/load.ts';
import type { ModelRunner } from '../ports/model-runner.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { oneOf } from './flag-values.ts';
import { type Io, printError, printJson, printProgress, printTable } from './io.ts';
import { givenPackage } from './package-folder.ts';

/** Runs of one window for the latency: the 99th percentile of 200 is the third slowest. */
const TIMED_RUNS = 200;
const WARM_UP_RUNS = 20;
const STOP_DEADLINE_MS = 2_000;

export type ModelTestFlags = { device: Device };

/** What the composition root gives: a runner as the agent would use, on the device. */
export type MakeRunner = (device: Device) => ModelRunner;

type Tested = {
  readonly variant: string;
  readonly provider: string;
  readonly goldenCases: number;
  readonly largestDifference: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly batchGain: number;
  readonly rssMb: number;
  readonly passed: boolean;
};

/** `model test PACKAGE`: every variant gives its golden scores on this machine, within its latency budget. */
export function modelTest(makeRunner: MakeRunner): CliCommand<ModelTestFlags> {
  return {
    name: 'model test',
    summary: 'Run the golden cases of a model package on this machine, and time it',
    args: [{ name: '<package>', description: 'folder of a package, or the name of a shipped one' }],
    flags: [
      {
        key: 'device',
        name: '--device <device>',
        description: `where it computes: ${DEVICES.join(', ')}`,
        default: 'cpu',
        parse: oneOf(DEVICES),
      },
    ],
    async run({ args, flags }, io): Promise<ExitCode> {
      const opened = await openPackage(givenPackage(args[0] ?? ''));
      if (!opened.ok) return printError(io, opened.error);
      const tested: Tested[] = [];
      for (const { id } of opened.value.manifest.variants) {
        const one = await testVariant(opened.value, id, makeRunner(flags.device));
        if (!one.ok) return printError(io, one.error);
        tested.push(one.value);
      }
      return tell(tested, opened.value.manifest, io);
    },
  };
}

async function testVariant(pkg: ModelPackage, id: string, runner: ModelRunner): Promise<Result<Tested>> {
  const read = await readVariant(pkg, id);
  if (!read.ok) return read;
  const { input, output, gates, name } = pkg.manifest;
  try {
    const loaded = await runner.start({ label: `${name}/${id}`, bytes: read.value.bytes, input, output });
    if (!loaded.ok) return loaded;
    const compared = await compare(pkg.golden, id, runner);
    if (!compared.ok) return compared;
    const times = await time(pkg.golden, runner);
    if (!times.ok) return times;
    const { p50Ms, p99Ms } = times.value;
    return ok({
      variant: id,
      provider: loaded.value.provider,
      goldenCases: pkg.golden.length,
      largestDifference: compared.value,
      p50Ms,
      p99Ms,
      batchGain: Math.round(loaded.value.batchGain * 10) / 10,
      rssMb: Math.round(runner.stats().rssBytes / 1e6),
      passed: compared.value <= gates.goldenTolerance && p99Ms <= gates.latencyBudgetMs,
    });
  } finally {
    await runner.stop(STOP_DEADLINE_MS);
  }
}

/** The largest difference of any score from its golden one. NaN differs from everything. */
async function compare(golden: readonly GoldenCase[], variant: string, runner: ModelRunner): Promise<Result<number>> {
  let largest = 0;
  for (const { input, scores } of golden) {
    const ran = await runner.run(Float32Array.from(input), 1);
    if (!ran.ok) return ran;
    for (const [index, wanted] of (scores[variant] ?? []).entries()) {
      const difference = Math.abs((ran.value[index] ?? Number.NaN) - wanted);
      largest = difference <= largest ? largest : Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    }
  }
  return ok(largest);
}

async function time(
  golden: readonly GoldenCase[],
  runner: ModelRunner,
): Promise<Result<{ p50Ms: number; p99Ms: number }>> {
  const window = Float32Array.from(golden[0]?.input ?? []);
  const times: number[] = [];
  for (let run = -WARM_UP_RUNS; run < TIMED_RUNS; run++) {
    const startedMs = performance.now();
    const ran = await runner.run(window, 1);
    if (!ran.ok) return ran as { ok: false; error: Failure };
    if (run >= 0) times.push(performance.now() - startedMs);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => Math.round((times[Math.ceil(share * TIMED_RUNS) - 1] ?? 0) * 1000) / 1000;
  return ok({ p50Ms: at(0.5), p99Ms: at(0.99) });
}

function tell(tested: readonly Tested[], { name, version, gates }: Manifest, io: Io): ExitCode {
  const passed = tested.every((one) => one.passed);
  if (io.output === 'table') {
    printTable(io, tested);
    const bounds = `within ${gates.goldenTolerance} of the golden scores and ${gates.latencyBudgetMs} ms`;
    printProgress(io, `${name} ${version} ${passed ? 'is' : 'is not'} ${bounds}`);
  } else printJson(io, { ok: passed, name, version, gates, variants: tested });
  return passed ? 0 : 1;
}
