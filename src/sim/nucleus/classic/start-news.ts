import type { Time } from '../../pace.ts';
import type { StageName } from '../recipe.ts';
import type { ReportedState } from '../services.ts';
import type { RunningStage } from '../stage-runner.ts';

/** What happened to a start: an end of its process, its own word, or its time being up. */
export type News = { readonly state: 'RUNNING' | 'FINISHED' | 'ERRORED'; readonly reason?: string };

export type StartNewsParts = {
  readonly time: Time;
  readonly secondMs: number;
  readonly onNews: () => void;
  /** Ends the waits for processes that run too long. */
  readonly closed: AbortSignal;
};

/** Listens to the present start of a component: news of an earlier one are old. */
export class StartNews {
  readonly #parts: StartNewsParts;
  #news: News[] = [];
  /** Counts starts. */
  #start = 0;

  constructor(parts: StartNewsParts) {
    this.#parts = parts;
  }

  /** Another start: from now on only its news count. */
  begin(): void {
    this.#start++;
    this.#news = [];
  }

  report(state: ReportedState): void {
    this.#hear(this.#start, { state, ...(state === 'ERRORED' ? { reason: 'it reported ERRORED' } : {}) });
  }

  /** The end of this process is news. */
  watch(running: RunningStage, stage: StageName, afterGood: 'RUNNING' | 'FINISHED'): void {
    const start = this.#start;
    void running.exited.then(({ code, signal }) => {
      if (code === 0) this.#hear(start, { state: afterGood });
      else this.#hear(start, { state: 'ERRORED', reason: `${stage} ended with ${code ?? signal}` });
    });
  }

  /** That `run` lives longer than this is news. */
  async limit(run: RunningStage, seconds: number): Promise<void> {
    const start = this.#start;
    const { time, secondMs, closed } = this.#parts;
    const isOver = await Promise.race([
      run.exited.then(() => false),
      time.sleep(seconds * secondMs, closed).then(
        () => true,
        () => false,
      ),
    ]);
    if (isOver) this.#hear(start, { state: 'ERRORED', reason: 'run took too long' });
  }

  /** Takes the oldest. */
  next(): News | undefined {
    return this.#news.shift();
  }

  /** Takes all, and gives the first by which the start is over. */
  takeEnd(): News | undefined {
    const end = this.#news.find(({ state }) => state !== 'RUNNING');
    this.#news = [];
    return end;
  }

  #hear(start: number, news: News): void {
    if (start !== this.#start) return;
    this.#news.push(news);
    this.#parts.onNews();
  }
}
