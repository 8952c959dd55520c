/** Runs jobs one after another; at most `limit` wait. A job never rejects. */
export class JobLane {
  readonly #limit: number;
  readonly #waiting: (() => Promise<void>)[] = [];
  #running: Promise<void> | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get full(): boolean {
    return this.#waiting.length >= this.#limit;
  }

  push(job: () => Promise<void>): void {
    this.#waiting.push(job);
    this.#running ??= this.#run();
  }

  /** Forgets what waits, and resolves when the job that runs has ended. */
  async drain(): Promise<void> {
    this.#waiting.length = 0;
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) await job();
    this.#running = undefined;
  }
}
