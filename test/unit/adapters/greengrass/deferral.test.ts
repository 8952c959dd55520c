import assert from 'node:assert/strict';
import {
  answerDeployment,
  type Holding,
  MAX_HOLD_MS,
  SAME_STRETCH_MS,
} from '../../../../src/adapters/greengrass/deferral.ts';

const HOLD = { forMs: 20_000, reason: 'a model is watched' };

describe('a deployment that asks whether it may come', () => {
  it('may come at once when nothing is against it', () => {
    const { recheckAfterMs, holding, exhausted } = answerDeployment(undefined, undefined, 5);
    assert.deepEqual(
      { recheckAfterMs, holding, exhausted },
      { recheckAfterMs: 0, holding: undefined, exhausted: false },
    );
  });

  it('is told for how long to wait', () => {
    const { recheckAfterMs, heldMs, exhausted } = answerDeployment(HOLD, undefined, 100);
    assert.deepEqual({ recheckAfterMs, heldMs, exhausted }, { recheckAfterMs: 20_000, heldMs: 0, exhausted: false });
  });

  it('is told whole milliseconds, a second at least: the nucleus counts no finer', () => {
    assert.equal(answerDeployment({ ...HOLD, forMs: 1234.5 }, undefined, 0).recheckAfterMs, 1234);
    for (const forMs of [0, -5, 300]) {
      assert.equal(answerDeployment({ ...HOLD, forMs }, undefined, 0).recheckAfterMs, 1_000);
    }
  });

  it('may come once the reason is gone, and the next one has a fresh bound', () => {
    const first = answerDeployment(HOLD, undefined, 0);
    const second = answerDeployment(undefined, first.holding, 20_000);
    assert.equal(second.recheckAfterMs, 0);
    assert.equal(second.heldMs, 20_000);
    assert.equal(second.holding, undefined);
  });

  it('waits no longer than the bound in total, however often it asks', () => {
    const { waitedMs, asked } = waitFor(HOLD);
    assert.equal(waitedMs, MAX_HOLD_MS);
    assert.equal(asked, MAX_HOLD_MS / HOLD.forMs + 1);
  });

  it('waits no longer than the bound when it is to wait for all of it at once', () => {
    assert.equal(waitFor({ ...HOLD, forMs: 10 * MAX_HOLD_MS }).waitedMs, MAX_HOLD_MS);
  });

  it('finds the bound used up when it follows another at once', () => {
    const { holding, nowMs } = waitFor(HOLD);
    const next = answerDeployment(HOLD, holding, nowMs + 1_000);
    assert.deepEqual([next.recheckAfterMs, next.exhausted], [0, true]);
  });

  it('finds a fresh bound when the one before it was long ago', () => {
    const { holding, nowMs } = waitFor(HOLD);
    const next = answerDeployment(HOLD, holding, nowMs + SAME_STRETCH_MS + 1);
    assert.deepEqual([next.recheckAfterMs, next.heldMs, next.exhausted], [HOLD.forMs, 0, false]);
  });
});

/** A nucleus that asks again when it was told to, until the deployment may come. */
function waitFor(hold: typeof HOLD) {
  let nowMs = 1_000;
  let holding: Holding | undefined;
  for (let asked = 1; ; asked++) {
    const answer = answerDeployment(hold, holding, nowMs);
    holding = answer.holding;
    if (answer.recheckAfterMs === 0) {
      assert.equal(answer.exhausted, true);
      return { asked, holding, nowMs, waitedMs: nowMs - 1_000 };
    }
    nowMs += answer.recheckAfterMs;
  }
}
