/** Runs jobs in order, `beside` of them at a time; at most `limit` wait. A job never rejects. */
export class JobLane {
  readonly #limit: number;
  readonly #beside: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  readonly #running = new Set<Promise<void>>();

  constructor(limit: number, beside = 1) {
    this.#limit = limit;
    this.#beside = beside;
  }

  get full(): boolean {
    return this.#waiting.length >= this.#limit;
  }

  push(job: () => Promise<void>): void {
    this.#waiting.push(job);
    this.#fill();
  }

  /** Forgets what waits, and resolves when the jobs that run have ended. */
  async drain(): Promise<void> {
    this.#waiting.length = 0;
    await Promise.all(this.#running);
  }

  #fill(): void {
    while (this.#running.size < this.#beside) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      const running: Promise<void> = job().then(() => {
        this.#running.delete(running);
        this.#fill();
      });
      this.#running.add(running);
    }
  }
}
