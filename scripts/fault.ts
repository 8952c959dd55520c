/**
 * Pulls the plug: `fault rollout` ends a device with SIGKILL before and after everything that a rollout does, starts it
 * again, and looks whether one valid model was active at every moment, and the rollout ends as it should.
 */
import { parseArgs } from 'node:util';
import { cutRollouts } from './fault/rollout.ts';
import { tableOf } from './fault/table.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    output: { type: 'string', default: 'table' },
    /** Only every so many-th point. */
    every: { type: 'string', default: '1' },
    isolation: { type: 'string', default: 'none' },
  },
});

if (positionals.join() !== 'rollout') {
  console.error('usage: fault rollout [--output json] [--every N] [--isolation none|process]');
  process.exit(2);
}
const report = await cutRollouts({
  every: Number(values.every),
  isolation: values.isolation === 'process' ? 'process' : 'none',
});
console.log(values.output === 'json' ? JSON.stringify(report) : tableOf(report));
process.exitCode = report.violations === 0 ? 0 : 1;
