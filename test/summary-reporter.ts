import Mocha from 'mocha';
import { ALLOWED_SKIPS } from './allowed-skips.ts';

const skipped: string[] = [];

/** The spec reporter of mocha, and one last plain line that CI reads: `N passed, N failed, N skipped`. */
export class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    runner.on('pending', (test) => skipped.push(test.fullTitle()));
    runner.once('end', () => {
      const { passes, failures, pending } = runner.stats ?? { passes: 0, failures: 0, pending: 0 };
      console.log(`${passes} passed, ${failures} failed, ${pending} skipped`);
    });
  }
}

export function unexpectedSkips(): readonly string[] {
  return skipped.filter((title) => !ALLOWED_SKIPS.some((allowed) => title.startsWith(allowed)));
}
