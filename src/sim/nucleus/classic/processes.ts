import type { Time } from '../../pace.ts';
import type { StageName } from '../recipe.ts';
import type { RunningStage } from '../stage-runner.ts';
import { SECONDS } from '../timing.ts';

export const TIMED_OUT = 'took too long';

export type ProcessesParts = {
  readonly time: Time;
  readonly secondMs: number;
  /** Undefined: the recipe has no such stage, or says to skip it. */
  readonly launch: (stage: StageName) => Promise<RunningStage | undefined>;
  readonly timeoutSec: (stage: StageName) => number | undefined;
};

/** The processes of one component: none outlives `endAll`. */
export class Processes {
  readonly #parts: ProcessesParts;
  readonly #running = new Set<RunningStage>();

  constructor(parts: ProcessesParts) {
    this.#parts = parts;
  }

  /** Starts a stage that goes on by itself. */
  async start(stage: StageName): Promise<RunningStage | undefined> {
    const running = await this.#parts.launch(stage);
    if (running !== undefined) this.#running.add(running);
    return running;
  }

  /** Runs a stage to its end, its Timeout or the signal; gives why it failed. Undefined: it went well, or there is none. */
  async runToEnd(stage: StageName, defaultSec: number, signal?: AbortSignal): Promise<string | undefined> {
    const { timeoutSec, time, secondMs } = this.#parts;
    const running = await this.start(stage);
    if (running === undefined) return undefined;
    const done = new AbortController();
    const limitMs = (timeoutSec(stage) ?? defaultSec) * secondMs;
    const patience = time.sleep(limitMs, AbortSignal.any(signal === undefined ? [done.signal] : [done.signal, signal]));
    const exit = await Promise.race([running.exited, patience.catch(() => {})]);
    done.abort();
    if (exit === undefined) {
      await this.#end(running);
      return TIMED_OUT;
    }
    return exit.code === 0 ? undefined : `ended with ${exit.code ?? exit.signal}`;
  }

  async endAll(): Promise<void> {
    await Promise.all([...this.#running].map((running) => this.#end(running)));
  }

  async #end(running: RunningStage): Promise<void> {
    await running.end(SECONDS.grace * this.#parts.secondMs);
    this.#running.delete(running);
  }
}
