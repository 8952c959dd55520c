import { equal, ok } from 'node:assert/strict';
import { psi, psiNoise, wilson } from '../../../../src/rollout/verdict/statistics.ts';
import { seeded } from '../../../../src/sim/random.ts';

describe('The statistics of verdicts', () => {
  it('bound a share by what was seen, as Wilson did', () => {
    // Values of R's binom::binom.wilson(x, n).
    for (const [hits, n, lower, upper] of [
      [0, 10, 0, 0.2775],
      [5, 10, 0.2366, 0.7634],
      [10, 10, 0.7225, 1],
      [3, 200, 0.0051, 0.0432],
    ] as const) {
      const bounds = wilson(hits, n);
      ok(Math.abs(bounds.lower - lower) < 1e-4, `${hits}/${n}: ${bounds.lower}`);
      ok(Math.abs(bounds.upper - upper) < 1e-4, `${hits}/${n}: ${bounds.upper}`);
    }
  });

  it('know nothing of a share that was never looked at', () => {
    const { lower, upper } = wilson(0, 0);
    equal(lower, 0);
    equal(upper, 1);
  });

  it('find no drift between proportional counts, and a finite one where a bin is empty', () => {
    equal(psi([10, 20, 30], [1, 2, 3]), 0);
    const moved = psi([0, 100], [100, 0]);
    ok(moved > 5 && Number.isFinite(moved));
  });

  it('index a drift as the textbook does', () => {
    // (0.5-0.6) ln(0.5/0.6) + (0.5-0.4) ln(0.5/0.4) = 0.01823 + 0.02231
    ok(Math.abs(psi([50, 50], [60, 40]) - 0.04055) < 1e-4);
  });

  it('tell chance from drift: samples of one distribution stay under the noise', () => {
    const random = seeded(7);
    const draw = (n: number) => {
      const counts = [0, 0, 0, 0, 0];
      for (let i = 0; i < n; i++) {
        const bin = Math.floor(random.uniform() * 5);
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
      return counts;
    };
    let over = 0;
    for (let i = 0; i < 1000; i++) if (psi(draw(200), draw(100)) > psiNoise(5, 200, 100)) over++;
    ok(over < 20, `${over} of 1000`);
  });
});
