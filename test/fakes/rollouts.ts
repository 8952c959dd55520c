import type { RolloutControl } from '../../src/agent/commands/controls.ts';
import { fail, ok, type Result } from '../../src/domain/errors.ts';
import type { ModelRef, RolloutOutcome, RolloutRequest, SlotRecord } from '../../src/domain/rollout.ts';
import { slotRecord } from '../fixtures/rollout-record.ts';

type Asked = Pick<RolloutRequest, 'id' | 'source' | 'force'>;

/** A slot whose rollouts end when, and as, the test says. */
export class FakeRollouts implements RolloutControl {
  readonly asked: Asked[] = [];
  readonly rolledBack: string[] = [];
  cancelled = 0;
  packages: readonly ModelRef[] = [];
  #record = slotRecord({ active: modelRef('1.0.0') });
  readonly #waiting = new Map<string, ((outcome: Result<RolloutOutcome>) => void)[]>();

  request(request: Asked): Promise<Result<RolloutOutcome>> {
    this.asked.push(request);
    const { request: current, last } = this.#record;
    if (last?.id === request.id) return Promise.resolve(ok(last));
    if (current === undefined) this.change({ state: 'testing', request: { ...request, requestedAtMs: 0 } });
    return this.#wait(request.id);
  }

  rollBack(id: string): Promise<Result<RolloutOutcome>> {
    this.rolledBack.push(id);
    return this.#wait(id);
  }

  async cancel(): Promise<Result<void>> {
    this.cancelled++;
    return this.#record.request === undefined ? fail('E_ROLLOUT_NOTHING') : ok(undefined);
  }

  record(): SlotRecord {
    return this.#record;
  }

  async list(): Promise<readonly ModelRef[]> {
    return this.packages;
  }

  change(changes: Partial<SlotRecord>): void {
    this.#record = { ...this.#record, ...changes };
  }

  /** Ends a rollout: those who wait for it are told. */
  end(id: string, outcome: RolloutOutcome['outcome'], more: Partial<RolloutOutcome> = {}): void {
    const last: RolloutOutcome = { ...rolloutOutcome(outcome), id, ...more };
    const active = outcome === 'committed' ? last.ref : this.#record.active;
    this.change({ state: 'idle', request: undefined, candidate: undefined, active, last });
    this.settle(id, ok(last));
  }

  settle(id: string, result: Result<RolloutOutcome>): void {
    const waiting = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    for (const tell of waiting) tell(result);
  }

  #wait(id: string): Promise<Result<RolloutOutcome>> {
    return new Promise((resolve) => this.#waiting.set(id, [...(this.#waiting.get(id) ?? []), resolve]));
  }
}

export function modelRef(version: string): ModelRef {
  return { name: 'bearing-fault', version, release: Number(version.split('.')[1]), digest: version.padEnd(64, '0') };
}

/** 1.1.0 after 1.0.0, within two minutes. */
function rolloutOutcome(outcome: RolloutOutcome['outcome']): RolloutOutcome {
  const bad = outcome !== 'committed';
  return {
    id: 'r-1',
    ref: modelRef('1.1.0'),
    from: modelRef('1.0.0'),
    outcome,
    code: bad ? 'E_ROLLOUT_GATE' : undefined,
    reason: bad ? 'The model did not pass a gate: agreement 0.2, allowed 0.9' : '',
    evidence: [{ gate: 'agreement', measured: bad ? 0.2 : 0.97, allowed: 0.9, samples: 200 }],
    startedAtMs: 1_000,
    endedAtMs: 121_000,
  };
}
