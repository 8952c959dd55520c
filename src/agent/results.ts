import type { OutputSpec } from '../domain/agent-spec.ts';
import type { Messaging } from '../ports/bus.ts';
import type { Outbox } from '../ports/outbox.ts';
import type { Metrics } from './metrics.ts';

/** One answer on its way out. */
export type Answer = { readonly id: string; readonly topic: string; readonly payload: string };

export type ResultsNeeds = {
  readonly how: OutputSpec['results'];
  readonly bus: Pick<Messaging, 'publishDirect'>;
  readonly outbox: Outbox;
  readonly metrics: Metrics;
};

/** Lets results out as the configuration says. All answers of a batch leave in one write, or in one transaction. */
export class Results {
  readonly #needs: ResultsNeeds;
  readonly #onTheWay = new Set<Promise<unknown>>();

  constructor(needs: ResultsNeeds) {
    this.#needs = needs;
  }

  publish(answers: readonly Answer[]): void {
    const { how, bus, outbox, metrics } = this.#needs;
    if (answers.length === 0 || how === 'none') return;
    if (how === 'direct') {
      metrics.inc(bus.publishDirect(answers) ? 'results' : 'resultsDropped', answers.length);
      return;
    }
    const rows = answers.map(
      ({ id, topic, payload }) => ({ id, class: 'result', topic, payload: Buffer.from(payload) }) as const,
    );
    this.awaitWith(outbox.put(rows).then((put) => metrics.inc(put.ok ? 'results' : 'resultsDropped', rows.length)));
  }

  /** Something else of the pipeline that is on its way to the disk: an alarm. */
  awaitWith(put: Promise<unknown>): void {
    this.#onTheWay.add(put);
    void put.finally(() => this.#onTheWay.delete(put));
  }

  /** Resolves when all that is on its way now is on the disk, or has failed to get there. */
  async settled(): Promise<void> {
    await Promise.all(this.#onTheWay);
  }
}
