import type { Clock } from '../../ports/clock.ts';
import type { ModelRunner } from '../../ports/model-runner.ts';
import type { LiveTally } from './live-tally.ts';

/** Windows of one mirrored run: evidence, not throughput; a copy of more would cost the active model's batch time. */
const MAX_WINDOWS = 32;

export type MirrorNeeds = {
  readonly runner: ModelRunner;
  readonly clock: Clock;
  readonly tally: LiveTally;
  /** Values of one window. */
  readonly width: number;
  /** Told of every mirrored run: the other's scores beside those of the active model. */
  readonly onAnswered: (mirrored: Float32Array, live: Float32Array, count: number) => number;
};

/**
 * Shows live windows to a model whose answers do not leave. One run at a time; windows that come while it is busy are not
 * shown to it, so that it can be slow or dead without anybody waiting.
 */
export class Mirror {
  readonly #needs: MirrorNeeds;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(needs: MirrorNeeds) {
    this.#needs = needs;
  }

  /** Takes a copy of what it shows: the batch belongs to the pipeline again when this returns. */
  show(batch: Float32Array, live: Float32Array, count: number): void {
    const { runner, width } = this.#needs;
    if (this.#running !== undefined || this.#stopped || !runner.ready) return;
    const shown = Math.min(count, MAX_WINDOWS);
    const scores = live.slice(0, (live.length / count) * shown);
    this.#running = this.#run(batch.slice(0, shown * width), scores, shown);
  }

  /** Shows nothing more; resolves when its runner is free, within the runner's deadline. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(batch: Float32Array, live: Float32Array, count: number): Promise<void> {
    const { runner, clock, tally, onAnswered } = this.#needs;
    const startedMs = clock.monotonic();
    const answered = await runner.run(batch, count);
    this.#running = undefined;
    if (this.#stopped) return;
    if (answered.ok) tally.answered(count, onAnswered(answered.value, live, count), clock.monotonic() - startedMs);
    else tally.failed(count, answered.error);
  }
}
