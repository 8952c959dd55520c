import type { Failure } from '../domain/errors.ts';
import type { PipelineState, PipelineStatus } from './commands/controls.ts';
import type { DataPath } from './data-path.ts';
import type { Metrics } from './metrics.ts';
import type { Rest } from './rest.ts';
import type { Slot } from './slot/slot.ts';

/** The parts of an agent that its status is read from. */
export type Seen = {
  readonly name: string;
  readonly isolation: string;
  readonly slot: Pick<Slot, 'model' | 'ready' | 'stats'>;
  readonly path: Pick<DataPath, 'look'>;
  readonly rest: Pick<Rest, 'asleep' | 'untilMs'>;
  readonly metrics: Metrics;
  readonly stopped: boolean;
  readonly refusal: Failure | undefined;
  readonly waiting: boolean;
};

/** How an agent is, right now. */
export function statusOf(seen: Seen): PipelineStatus {
  const { name, isolation, slot, path, rest, metrics, refusal } = seen;
  const runner = slot.stats();
  const { queueDepth = 0, keys = 0, alarmsActive = 0, thresholds = {} } = path.look() ?? {};
  return {
    name,
    state: stateOf(seen),
    problem: refusal ?? (runner.state === 'restarting' ? runner.lastFailure : undefined),
    sleepUntilMs: rest.untilMs,
    model: modelOf(slot),
    isolation,
    runner,
    queueDepth,
    keys,
    alarmsActive,
    thresholds,
    metrics: metrics.snapshot(),
  };
}

/** The model that answers. */
export function modelOf({ model }: Pick<Slot, 'model'>): PipelineStatus['model'] {
  if (model === undefined) return undefined;
  const { manifest, variant, loaded } = model;
  return { name: manifest.name, version: manifest.version, variant, provider: loaded.provider };
}

function stateOf({ stopped, refusal, waiting, slot, rest }: Seen): PipelineState {
  if (stopped) return 'stopped';
  if (refusal !== undefined) return 'refused';
  if (waiting) return 'waiting';
  if (slot.model === undefined) return 'starting';
  if (rest.asleep) return 'asleep';
  return slot.ready ? 'running' : 'restarting';
}
