import type { ErrorCode, Failure } from '../../domain/errors.ts';
import type { Effect, Fault, RolloutEvent } from '../../rollout/events.ts';

/** What would happen to any model on this device, now. */
const DEVICE_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'E_SANDBOX_UNAVAILABLE',
  'E_DEVICE_UNAVAILABLE',
  'E_STATE_IO',
  'E_DISK_FULL',
]);
/** What the disk did to our copy of a model. */
const DAMAGES: ReadonlySet<ErrorCode> = new Set(['E_MODEL_MISSING', 'E_MODEL_DIGEST']);

/** What may be over a moment later: the kernel ended the process, or it did not get the processor in time. */
const PASSING: ReadonlySet<ErrorCode> = new Set(['E_RUNNER_TIMEOUT', 'E_RUNNER_CRASHED', 'E_RUNNER_MEMORY']);

/** Worth a second try. */
export function isPassing({ code }: Failure): boolean {
  return PASSING.has(code);
}

/** Going back to another model would be no help. */
export function isDeviceFault({ code }: Failure): boolean {
  return DEVICE_FAULTS.has(code);
}

/** The same bytes, installed again, are the cure. */
export function isDamage({ code }: Failure): boolean {
  return DAMAGES.has(code);
}

/** A candidate that did not get through its test: by its own fault, or by the device's. */
export function untested(error: Failure): RolloutEvent {
  if (isDeviceFault(error) || isDamage(error)) return { type: 'testImpossible', failure: toFault(error) };
  return { type: 'testFailed', failure: toFault(error), evidence: [] };
}

/** The event that leaves the least harm where an effect threw; undefined: go on with the next effect. */
export function onThrow(effect: Effect, failure: Fault): RolloutEvent | undefined {
  switch (effect) {
    case 'verify':
      return { type: 'refused', failure };
    case 'stage':
      return { type: 'stageFailed', failure };
    case 'test':
      return { type: 'testImpossible', failure };
    case 'canary':
      return { type: 'canaryUndecided', failure, evidence: [] };
    case 'swap':
      return { type: 'swapFailed', failure };
    case 'watch':
      return { type: 'watchUnhealthy', failure, evidence: [] };
    case 'rollBack':
    case 'rollBackLater':
      return { type: 'rollBackFailed' };
    case 'settle':
    case 'serve':
    case 'silence':
    case 'dropCandidate':
    case 'dropPrevious':
    case 'forget':
      return undefined;
    default:
      return effect satisfies never;
  }
}

/** The part of a failure that can be kept on disk: a cause cannot. */
export function toFault({ code, message }: Failure): Fault {
  return { code, message };
}
