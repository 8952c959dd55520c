import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import Mocha from 'mocha';
import { mochaHooks } from '../test/root-hooks.ts';
import { SummaryReporter, unexpectedSkips } from '../test/summary-reporter.ts';

/** A test that waits for a real broker or process and hangs is told after this. Slow ones set their own. */
const TIMEOUT_MS = 20_000;
/** Files that run side by side, a process each: tests of real processes wait more than they compute. */
const JOBS = 2;

const patterns = process.argv.slice(2);
const root = resolve(import.meta.dirname, '..');
const files = globSync(patterns.length > 0 ? patterns : 'test/**/*.test.ts', { cwd: root }).sort();
if (files.length === 0) throw new Error(`no test matches ${patterns.join(' ')}`);
/** One file stays in this process, where a debugger finds it. */
const isAlone = files.length === 1;

// Every process that a test starts inherits it: ONNX Runtime reads it when it is loaded.
process.env['ORT_DISABLE_TELEMETRY'] = '1';

const mocha = new Mocha({
  reporter: SummaryReporter,
  timeout: TIMEOUT_MS,
  forbidOnly: process.env['CI'] === 'true',
  parallel: !isAlone,
  jobs: JOBS,
  require: [resolve(root, 'test/root-hooks.ts')],
  rootHooks: isAlone ? mochaHooks : undefined,
});
// Until all of them have ended: where a process dies with its files, mocha may end without a word.
process.exitCode = 1;
for (const file of files) mocha.addFile(resolve(root, file));
if (isAlone) await mocha.loadFilesAsync();
mocha.run((failures) => {
  const skips = process.env['CI'] === 'true' ? unexpectedSkips() : [];
  for (const title of skips) console.error(`skipped, and not on the list of test/allowed-skips.ts: ${title}`);
  process.exitCode = failures > 0 || skips.length > 0 ? 1 : 0;
});
