import type { BadInput } from '../domain/reading.ts';
import type { Arrival } from '../flow/decode.ts';
import type { DeadLetter } from './commands/controls.ts';

/** The latest few of each reason: a flood of one kind hides no other. */
const KEPT_PER_REASON = 4;

/** Enough to recognise a sender and its mistake. All reasons together stay under 20 KB. */
const HEAD_BYTES = 200;

/** One sample a reason in this time: under a flood, sampling must cost nothing. */
const SAMPLE_EVERY_MS = 100;

/** Keeps samples of bad input for `diagnose`. Counting is done by the metrics. */
export class DeadLetters {
  readonly #rings = new Map<BadInput, { letters: DeadLetter[]; nextMs: number }>();

  add(reason: BadInput, topic: string, payload: Uint8Array, { wallMs, monotonicMs }: Arrival): void {
    const ring = this.#rings.get(reason) ?? { letters: [], nextMs: Number.NEGATIVE_INFINITY };
    this.#rings.set(reason, ring);
    if (monotonicMs < ring.nextMs) return;
    ring.nextMs = monotonicMs + SAMPLE_EVERY_MS;
    const head = Buffer.from(payload.subarray(0, HEAD_BYTES)).toString('base64');
    ring.letters.push({ reason, topic: topic.slice(0, HEAD_BYTES), timeMs: wallMs, bytes: payload.length, head });
    if (ring.letters.length > KEPT_PER_REASON) ring.letters.shift();
  }

  /** Oldest first. */
  list(): readonly DeadLetter[] {
    return [...this.#rings.values()].flatMap(({ letters }) => letters).sort((a, b) => a.timeMs - b.timeMs);
  }
}
