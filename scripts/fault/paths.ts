import type { ErrorCode } from '../../src/domain/errors.ts';
import type { RolloutOutcome } from '../../src/domain/rollout.ts';

/** A way that a rollout goes, and how it ends however often the power fails on it. */
export type Path = {
  readonly name: string;
  /** What is active before it; undefined: the slot is empty, and the agent installs what it came with. */
  readonly from: string | undefined;
  readonly candidate: string;
  /** Only every so many-th point is cut at; each is a point of the commit as well. */
  readonly every?: number;
  /** Every life is cut off at this point, until the device takes the model for the reason. */
  readonly always?: string;
  readonly outcome: RolloutOutcome['outcome'];
  /** Why it did not stay. */
  readonly code: ErrorCode | undefined;
  readonly active: string;
  readonly previous: string | undefined;
  readonly quarantined: readonly string[];
};

export const PATHS: readonly Path[] = [
  {
    name: 'commit',
    from: '1.0.0',
    candidate: '1.1.0',
    outcome: 'committed',
    code: undefined,
    active: '1.1.0',
    previous: '1.0.0',
    quarantined: [],
  },
  {
    name: 'rollback',
    from: '1.0.0',
    candidate: '1.2.0',
    outcome: 'rolledBack',
    code: 'E_ROLLOUT_GATE',
    active: '1.0.0',
    previous: undefined,
    quarantined: ['1.2.0'],
  },
  {
    name: 'install',
    from: undefined,
    candidate: '1.0.0',
    every: 3,
    outcome: 'committed',
    code: undefined,
    active: '1.0.0',
    previous: undefined,
    quarantined: [],
  },
  {
    name: 'canary, always cut off',
    from: '1.0.0',
    candidate: '1.1.0',
    always: 'amid canary',
    outcome: 'refused',
    code: 'E_ROLLOUT_CRASH_LOOP',
    active: '1.0.0',
    previous: undefined,
    quarantined: ['1.1.0'],
  },
  {
    name: 'watch, always cut off',
    from: '1.0.0',
    candidate: '1.1.0',
    always: 'amid watch',
    outcome: 'rolledBack',
    code: 'E_ROLLOUT_CRASH_LOOP',
    active: '1.0.0',
    previous: undefined,
    quarantined: ['1.1.0'],
  },
];
