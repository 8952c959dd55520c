import type { Result } from '../../domain/errors.ts';
import type { Shadow, ShadowDocument } from '../../ports/shadow.ts';
import { ShadowTopics } from '../shadow/shadow-topics.ts';
import type { NucleusKind } from './packet-limit.ts';
import { ShadowWay, type ShadowWayNeeds } from './shadow-way.ts';

/** Nucleus lite drops a longer message of AWS IoT Core without a word (IOTCORED_NETWORK_BUFFER_SIZE). */
const MAX_LITE_ANSWER_BYTES = 5_000;

/** The named shadow of this thing, by ShadowManager or by AWS IoT Core, whichever the nucleus has. */
export class GreengrassShadow implements Shadow {
  readonly maxAnswerBytes: number | undefined;
  readonly #way: ShadowWay;
  readonly #topics: ShadowTopics;

  constructor(needs: ShadowWayNeeds & { readonly kind: NucleusKind; readonly answerMs?: number | undefined }) {
    this.maxAnswerBytes = needs.kind === 'lite' ? MAX_LITE_ANSWER_BYTES : undefined;
    this.#way = new ShadowWay(needs);
    this.#topics = new ShadowTopics({ ...needs, bus: this.#way });
  }

  get reported(): ShadowDocument | undefined {
    return this.#topics.reported;
  }

  async start(): Promise<void> {
    await this.#topics.start();
    this.#way.start();
  }

  async stop(): Promise<void> {
    await this.#topics.stop();
    await this.#way.stop();
  }

  onDesired(listener: (desired: ShadowDocument, version: number) => void): () => void {
    return this.#topics.onDesired(listener);
  }

  report(reported: ShadowDocument, desired?: ShadowDocument): Promise<Result<void>> {
    return this.#topics.report(reported, desired);
  }
}
