import type { Time } from '../pace.ts';
import type { PreUpdateAsker } from './services.ts';
import { SECONDS } from './timing.ts';

/**
 * Asks components whether an update may come (UpdateSystemPolicyService). A round waits for answers as long as the policy
 * says; then for as long as the most patient component wants, and asks again. As on the real nucleus nothing ends this
 * but the components: a deferral is bounded by whoever defers.
 */
export class UpdateNotices {
  readonly #time: Time;
  readonly #secondMs: number;
  readonly #askers = new Set<PreUpdateAsker>();
  readonly #tellers = new Set<(deploymentId: string) => void>();

  constructor(time: Time, secondMs: number) {
    this.#time = time;
    this.#secondMs = secondMs;
  }

  onPreUpdate(ask: PreUpdateAsker): () => void {
    this.#askers.add(ask);
    return () => this.#askers.delete(ask);
  }

  onPostUpdate(tell: (deploymentId: string) => void): () => void {
    this.#tellers.add(tell);
    return () => this.#tellers.delete(tell);
  }

  /** Resolves when no component wants to wait any longer; rejects when the signal is aborted. */
  async untilAllowed(
    components: readonly string[],
    deploymentId: string,
    timeoutSec: number | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      const waitMs = await this.#round(components, deploymentId, timeoutSec ?? SECONDS.updatePolicy, signal);
      signal.throwIfAborted();
      if (waitMs <= 0) return;
      await this.#time.sleep(waitMs, signal);
    }
  }

  tellDone(deploymentId: string): void {
    for (const tell of this.#tellers) tell(deploymentId);
  }

  /** The longest wait that a component asked for, in ms. */
  async #round(
    components: readonly string[],
    deploymentId: string,
    timeoutSec: number,
    signal: AbortSignal,
  ): Promise<number> {
    let longest = 0;
    const timeoutMs = timeoutSec * this.#secondMs;
    const asked = components.flatMap((component) =>
      [...this.#askers].map(async (ask) => {
        longest = Math.max(longest, (await ask(component, deploymentId, false, timeoutMs)) ?? 0);
      }),
    );
    const answered = new AbortController();
    const patience = this.#time.sleep(timeoutMs, AbortSignal.any([signal, answered.signal])).catch(() => {});
    await Promise.race([Promise.all(asked), patience]);
    answered.abort();
    return longest;
  }
}
