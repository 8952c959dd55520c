import type { Time } from '../../pace.ts';

/** Wakes who waits for something to change. */
export class Changes {
  readonly #time: Time;
  readonly #waiting = new Set<() => void>();
  #count = 0;

  constructor(time: Time) {
    this.#time = time;
  }

  /** How many there were: one that comes while somebody is busy is not missed. */
  get count(): number {
    return this.#count;
  }

  tell(): void {
    this.#count++;
    for (const done of [...this.#waiting]) done();
  }

  /** Resolves with the next change, or when the time is over. */
  async next(withinMs?: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    const over = new AbortController();
    const patience = withinMs === undefined ? [] : [this.#time.sleep(withinMs, over.signal).catch(() => {})];
    await Promise.race([promise, ...patience]);
    over.abort();
    this.#waiting.delete(resolve);
  }
}
