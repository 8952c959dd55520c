import { batchLimit } from '../../flow/batch-limit.ts';
import type { Clock } from '../../ports/clock.ts';
import type { HeldModel } from './held-model.ts';
import type { LiveTally } from './live-tally.ts';

/** Windows of one mirrored run: evidence, not throughput; a copy of more would cost the active model's batch time. */
const MAX_WINDOWS = 32;

export type MirrorNeeds = {
  readonly model: HeldModel;
  readonly clock: Clock;
  readonly tally: LiveTally;
  /** An earlier run of the same runner has ended when this resolves; nothing is shown before. */
  readonly after: Promise<unknown>;
  /** Told of every mirrored run, beside the scores of the active model; gives how many mirrored answers are not finite. */
  readonly onAnswered: (mirrored: Float32Array, live: Float32Array, count: number) => number;
};

/**
 * Shows live windows to a model whose answers do not leave. One run at a time; windows that come while it is busy are not
 * shown to it, so that it can be slow or dead without anybody waiting.
 */
export class Mirror {
  readonly #needs: MirrorNeeds;
  /** As many as it was measured to take: the active model's batches could cost a slower one its deadline. */
  readonly #limit: number;
  #running: Promise<unknown> | undefined;

  constructor(needs: MirrorNeeds) {
    this.#needs = needs;
    this.#limit = batchLimit(needs.model.loaded, MAX_WINDOWS);
    this.#running = needs.after.then(() => {
      this.#running = undefined;
    });
  }

  /** Takes a copy of what it shows: the batch belongs to the pipeline again when this returns. */
  show(batch: Float32Array, live: Float32Array, count: number): void {
    if (this.#running !== undefined || !this.#needs.model.runner.ready) return;
    const shown = Math.min(count, this.#limit);
    const windows = batch.slice(0, (batch.length / count) * shown);
    const scores = live.slice(0, (live.length / count) * shown);
    this.#running = this.#run(windows, scores, shown);
  }

  /** Called when nothing more is shown. Resolves when its runner is free, within the runner's deadline. */
  async stop(): Promise<void> {
    await this.#running;
  }

  async #run(batch: Float32Array, live: Float32Array, count: number): Promise<void> {
    const { model, clock, tally, onAnswered } = this.#needs;
    const startedMs = clock.monotonic();
    const answered = await model.runner.run(batch, count);
    this.#running = undefined;
    if (answered.ok) tally.answered(count, onAnswered(answered.value, live, count), clock.monotonic() - startedMs);
    else tally.failed(count, answered.error);
  }
}
