import { exitCodeOf } from '../../src/cli/io.ts';
import { ERRORS, toFailure } from '../../src/domain/errors.ts';
import type { DemoFlags } from './flags.ts';

export type Verdict = {
  readonly ok: boolean;
  readonly readings: number;
  readonly windows: number;
  readonly inferences: number;
  readonly results: number;
  /** Keys of the sensors that were ever in alarm. */
  readonly alarms: readonly string[];
  /** Windows due and never answered, and alarms that never came out. */
  readonly lost: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly rssMb: number;
};

/** Tells how it went; the exit code says whether all was as it should be. */
export function tell(verdict: Verdict, flags: DemoFlags): number {
  if (flags.output === 'json') console.log(JSON.stringify(verdict));
  else {
    const { ok, readings, windows, results, alarms, lost, p50Ms, p99Ms, rssMb } = verdict;
    console.log(`
${readings} readings made ${windows} windows; ${results} were answered, ${lost} lost.
Alarms: ${alarms.join(', ') || 'none'} (${ok ? 'as it should be' : 'not as it should be'}).
From a reading to its decision: half within ${p50Ms} ms, 99 % within ${p99Ms} ms. Agent and model runner: ${rssMb} MB.`);
  }
  return verdict.ok ? 0 : 1;
}

/** Tells why there is no verdict. */
export function tellFailure(error: unknown, flags: DemoFlags): number {
  const { code, message } = toFailure(error);
  const { hint } = ERRORS[code];
  if (flags.output === 'json') console.log(JSON.stringify({ ok: false, error: { code, message, hint } }));
  else process.stderr.write(`${code} ${message}\n${hint}\n`);
  return exitCodeOf(code);
}
