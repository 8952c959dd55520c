import { equal, ok } from 'node:assert/strict';
import { ROLLOUT_STATES, type RolloutState } from '../../../src/domain/rollout.ts';
import { MAX_QUARANTINED } from '../../../src/rollout/changes.ts';
import type { Effect, EventType, RolloutEvent } from '../../../src/rollout/events.ts';
import { keptRefs, step } from '../../../src/rollout/step.ts';
import { type Random, seeded } from '../../../src/sim/random.ts';
import { checkDisk, type Disk } from '../../fixtures/rollout/device.ts';
import { HAPPENS, ref, request, slotWithA } from '../../fixtures/rollout/events.ts';

const STEPS = 10_000;

/** What an effect may answer; the good answer twice, so that rollouts get somewhere. */
const ANSWERS: Partial<Record<Effect, readonly EventType[]>> = {
  verify: ['verified', 'verified', 'refused'],
  stage: ['staged', 'staged', 'staged', 'stageFailed'],
  test: ['testPassed', 'testPassed', 'testPassed', 'testFailed', 'testImpossible'],
  canary: ['canaryHealthy', 'canaryHealthy', 'canaryUnhealthy', 'canaryUndecided'],
  swap: ['swapped', 'swapped', 'swapped', 'swapFailed'],
  watch: ['watchHealthy', 'watchUnhealthy'],
  rollBack: ['rolledBack', 'rollBackFailed', 'wayBackLost'],
  rollBackLater: ['rolledBack', 'rollBackFailed', 'wayBackLost'],
  settle: ['settled'],
};
const WISHES: readonly EventType[] = ['requested', 'requested', 'cancelRequested', 'rollbackRequested'];

/** Walks a slot through whatever may happen, in any order. */
class Walk {
  readonly disk: Disk = {
    record: slotWithA(),
    packages: new Map(['A', 'Z'].map((letter) => [ref(letter).digest, ref(letter)])),
  };
  readonly visited = new Set<RolloutState>();
  readonly asked = new Set<string>();
  readonly ended = new Map<string, number>();
  readonly #random: Random;
  #effects: readonly Effect[] = [];
  #requests = 0;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  go(now: number): void {
    const luck = this.#random.uniform();
    if (luck < 0.06) this.#take({ type: 'booted' }, now);
    else if (luck < 0.1) this.#restart(now);
    else if (luck < 0.2 || this.#effects.length === 0) this.#take(this.#event(this.#pick(WISHES)), now);
    else this.#work(now);
    checkDisk(this.disk);
    this.visited.add(this.disk.record.state);
  }

  #restart(now: number): void {
    this.#take({ type: 'stopped' }, now);
    this.#take({ type: 'booted' }, now);
  }

  /** The effects of the last row are done, and the last of them answers. */
  #work(now: number): void {
    const effects = this.#effects;
    this.#effects = [];
    for (const effect of effects) if (effect === 'forget') this.#forget();
    const last = effects.at(-1);
    if (effects.includes('serve') && this.#random.uniform() < 0.1) {
      this.#take(HAPPENS.activeBroken, now);
      return;
    }
    const answers = last === undefined ? undefined : ANSWERS[last];
    if (answers === undefined) return;
    const event = this.#event(this.#pick(answers));
    const { candidate } = this.disk.record;
    if (event.type === 'staged' && candidate !== undefined) this.disk.packages.set(candidate.digest, candidate);
    this.#take(event, now);
  }

  #take(event: RolloutEvent, now: number): void {
    const { record: before } = this.disk;
    const taken = step(before, event, now);
    if (!taken.ok) return;
    const { record, effects, ended } = taken.value;
    this.disk.record = record;
    if (event.type === 'requested') this.asked.add(event.request.id);
    // An outcome that is told again after a start is the very same.
    for (const end of ended) if (end !== before.last) this.ended.set(end.id, (this.ended.get(end.id) ?? 0) + 1);
    const goesOn = effects.length === 0 && record.state === before.state;
    if (!goesOn) this.#effects = effects;
  }

  #event(type: EventType): RolloutEvent {
    if (type === 'verified') return { type, ref: ref(this.#letter()) };
    if (type !== 'requested') return HAPPENS[type];
    return { type, request: request(`r${this.#requests++}`, { force: this.#random.uniform() < 0.3 }) };
  }

  /** Five versions for ever: quarantine, repetition and the active one again come by themselves. */
  #letter(): string {
    return this.#pick(['A', 'B', 'C', 'D', 'E']);
  }

  #forget(): void {
    const kept = new Set(keptRefs(this.disk.record).map(({ digest }) => digest));
    for (const digest of this.disk.packages.keys()) if (!kept.has(digest)) this.disk.packages.delete(digest);
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random.uniform() * list.length)] as T;
  }
}

describe('A slot through thousands of random events', () => {
  for (const seed of [1, 2, 3]) {
    it(`never breaks the invariants, and ends every request exactly once (seed ${seed})`, () => {
      const walk = new Walk(seed);
      let floor = 0;
      for (let i = 0; i < STEPS; i++) {
        walk.go(2000 + i);
        const { record } = walk.disk;
        ok(record.releaseFloor >= floor, 'the release floor never falls');
        floor = record.releaseFloor;
        ok(record.quarantine.length <= MAX_QUARANTINED && record.evidence.length <= 12 && record.boots <= 4);
      }
      const { request: current, queued } = walk.disk.record;
      const open = [current?.id, queued?.id];
      for (const id of walk.asked) if (!open.includes(id)) equal(walk.ended.get(id), 1, `${id} ended once`);
      equal(walk.visited.size, ROLLOUT_STATES.length, 'every state was visited');
    });
  }
});
