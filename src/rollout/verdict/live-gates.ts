import type { Gates } from '../../domain/manifest.ts';
import type { LiveFigures } from '../figures.ts';
import { atMost, type Finding, finding } from './finding.ts';
import { surelyOver } from './statistics.ts';

/** A p99 of fewer runs is little more than the one slowest. */
const MIN_RUNS = 100;
/** On a busy device the other model is slow as well: twice as slow as it is what noise may bring. */
const BUSY_FACTOR = 2;

/**
 * The gates that a model must pass on live windows whatever its task: canary and watch share them. `beside` is the other
 * model on the same windows: what hits both is the device or the world, and not the model.
 */
export function liveGates(figures: LiveFigures, beside: LiveFigures | undefined, gates: Gates): Finding[] {
  return [
    crashes(figures),
    finite(figures),
    memory(figures, gates),
    errors(figures, gates),
    speed(figures, beside, gates),
  ];
}

/** A crash is one too many. One for want of memory is a matter of memory. */
function crashes({ restarts, lastFailure, windows }: LiveFigures): Finding {
  const gate = lastFailure?.code === 'E_RUNNER_MEMORY' ? 'memory' : 'crashes';
  return atMost(
    { gate, measured: restarts, allowed: 0, samples: windows },
    `restarts of its runner: ${lastFailure?.message ?? 'no reason is known'}`,
  );
}

function finite({ nonFinite, windows }: LiveFigures): Finding {
  const measured = windows === 0 ? 0 : nonFinite / windows;
  return atMost(
    { gate: 'finite', measured, allowed: 0, samples: windows },
    'share of answers with a NaN or an infinity',
  );
}

function memory({ peakBytes, windows }: LiveFigures, gates: Gates): Finding {
  return atMost(
    { gate: 'memory', measured: peakBytes, allowed: gates.memoryBudgetBytes, samples: windows },
    'peak memory of the runner, bytes, is over the budget',
  );
}

/** One failed window of few proves no rate. */
function errors({ failed, windows, lastFailure }: LiveFigures, gates: Gates): Finding {
  const allowed = gates.watch.maxErrorRate;
  const state = surelyOver(failed, windows, allowed) ? 'failed' : 'passed';
  const why = lastFailure === undefined ? '' : `; last: ${lastFailure.message}`;
  const measured = windows === 0 ? 0 : failed / windows;
  return finding(
    state,
    { gate: 'errors', measured, allowed, samples: windows },
    `share of windows without an answer${why}`,
  );
}

function speed(figures: LiveFigures, beside: LiveFigures | undefined, gates: Gates): Finding {
  const other = beside === undefined || beside.runs < MIN_RUNS ? 0 : beside.latencyP99Ms * BUSY_FACTOR;
  const allowed = Math.max(gates.latencyBudgetMs, other);
  const { latencyP99Ms: measured, runs: samples } = figures;
  const state = samples >= MIN_RUNS && measured > allowed ? 'failed' : 'passed';
  return finding(
    state,
    { gate: 'latency', measured, allowed, samples },
    'p99 of a window, milliseconds, is over the budget',
  );
}
