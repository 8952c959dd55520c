import { exitCodeOf } from '../../src/cli/io.ts';
import { ERRORS, toFailure } from '../../src/domain/errors.ts';
import type { DemoFlags } from './flags.ts';
import type { Judgement } from './judge.ts';

/** Tells how it went; the exit code says whether all was as it should be. */
export function tell(judgement: Judgement, flags: DemoFlags): number {
  if (flags.output === 'json') console.log(JSON.stringify(judgement));
  else {
    const { ok, readings, windows, results, alarms, lost, rollouts, active, usualGapMs, p50Ms, p99Ms, rssMb } =
      judgement;
    const [better, wrong, forged] = rollouts.map(
      ({ version, outcome, reason, gapMs }) =>
        `${version} ${outcome}${reason === '' ? '' : `: ${reason}`}. Longest pause: ${gapMs} ms.`,
    );
    console.log(`
${readings} readings made ${windows} windows; ${results} were answered, ${lost} lost.
Alarms: ${alarms.join(', ') || 'none'}.
From a reading to its decision: half within ${p50Ms} ms, 99 % within ${p99Ms} ms. Agent and model runner: ${rssMb} MB.

Rollouts (${active} answers now; without them the longest pause between two answers was ${usualGapMs} ms):
- ${better}
- ${wrong}
  It is signed and fast, and takes inner race for ball. Its team switched the canary off, which would have refused it: so
  it answered, until the model before it, kept warm on the same windows, showed that it was wrong.
- ${forged}

${ok ? 'All of it is as it should be.' : 'This is not as it should be.'}`);
  }
  return judgement.ok ? 0 : 1;
}

/** Tells why there is no verdict. */
export function tellFailure(error: unknown, flags: DemoFlags): number {
  const { code, message } = toFailure(error);
  const { hint } = ERRORS[code];
  if (flags.output === 'json') console.log(JSON.stringify({ ok: false, error: { code, message, hint } }));
  else process.stderr.write(`${code} ${message}\n${hint}\n`);
  return exitCodeOf(code);
}
