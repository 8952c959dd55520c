import assert from 'node:assert/strict';
import { cutRollouts, type FaultReport } from '../../scripts/fault/rollout.ts';

/** `npm run fault -- rollout` cuts at every point. */
const EVERY = Number(process.env['OPENCLAW_CUT_EVERY'] ?? 8);

describe('a device that is killed with SIGKILL in the middle of a rollout', function () {
  this.timeout(180_000);
  let report: FaultReport;
  before(async () => {
    report = await cutRollouts({ every: EVERY });
  });

  it('has one valid active model on disk, answers every window once, and ends the rollout as without the cut', () => {
    const bad = report.rows.filter(({ violations }) => violations.length > 0);
    assert.deepEqual(bad, []);
    assert.equal(report.violations, 0);
  });

  it('is cut off in every kind of state, and in the recovery from it as well', () => {
    const found = new Set(report.rows.flatMap((row) => row.found));
    assert.ok(found.size >= 5, [...found].join());
    assert.ok(report.rows.some(({ points }) => points.length === 2));
    assert.ok(
      report.rows.every(({ points }) => points.length > 0),
      'no device was spared',
    );
    assert.ok(report.rows.every(({ answers }) => answers > 0));
  });
});
