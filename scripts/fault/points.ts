import { Effects } from '../../src/agent/rollout/effects.ts';
import type { SlotStore } from '../../src/ports/slot-store.ts';
import { describe, type Journal, namedBy, type Point } from './journal.ts';

/** A trial has begun in earnest, and nothing is decided yet: both need 20 windows at least. */
const AMID_ANSWERS = 12;
const TRIALS: ReadonlySet<string> = new Set(['canary', 'watch']);

/** Index of a point, or how it is described; undefined: it lives to its end. */
export type CutAt = number | string | undefined;

/** Counts the points of a life, and ends it with SIGKILL at the one it is told. */
export class Points {
  readonly #journal: Journal;
  readonly #cutAt: CutAt;
  #passed = 0;
  #trial: { readonly name: string; answers: number } | undefined;

  constructor(journal: Journal, cutAt: CutAt) {
    this.#journal = journal;
    this.#cutAt = cutAt;
  }

  /** A store whose saves have a point before and one after. */
  ofStore(store: SlotStore): SlotStore {
    return {
      start: () => store.start(),
      stop: () => store.stop(),
      load: (...args) => store.load(...args),
      save: (record) =>
        this.#around(`save ${record.state}`, async () => {
          const saved = await store.save(record);
          if (saved.ok) this.#journal.write({ saved: namedBy(record) });
          return saved;
        }),
      stage: (...args) => store.stage(...args),
      open: (...args) => store.open(...args),
      read: (...args) => store.read(...args),
      keepOnly: (...args) => store.keepOnly(...args),
      list: (...args) => store.list(...args),
    };
  }

  /** Gives every effect of every driver in this process the same, and the trials one in their midst. */
  ofEffects(): void {
    const run = Effects.prototype.run;
    const points = this;
    Effects.prototype.run = function (effect, record, signal) {
      if (TRIALS.has(effect)) points.#trial = { name: effect, answers: 0 };
      return points.#around(effect, () => run.call(this, effect, record, signal));
    };
  }

  answered(): void {
    if (this.#trial === undefined || ++this.#trial.answers < AMID_ANSWERS) return;
    const { name } = this.#trial;
    this.#trial = undefined;
    this.#pass({ name, when: 'amid' });
  }

  async #around<T>(name: string, act: () => Promise<T>): Promise<T> {
    this.#pass({ name, when: 'before' });
    const result = await act();
    this.#pass({ name, when: 'after' });
    return result;
  }

  #pass(point: Point): void {
    this.#journal.write({ point });
    const isHere = typeof this.#cutAt === 'string' ? this.#cutAt === describe(point) : this.#cutAt === this.#passed;
    this.#passed++;
    if (isHere) process.kill(process.pid, 'SIGKILL');
  }
}
