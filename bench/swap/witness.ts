import type { Receiver } from '../receiver.ts';
import type { Schedule } from '../schedule.ts';

const NS_PER_MS = 1e6;

/** A moment between two answers: when it ended, and how long it was, milliseconds. */
export type Gap = { readonly endMs: number; readonly ms: number };

type Awaited = { readonly version: string; readonly afterMs: number; readonly seen: (atMs: number) => void };

/** Sees every answer to a schedule: when it came, of which version, whether it came at all, or twice. */
export class Witness {
  readonly #answers: Uint8Array;
  readonly #gaps: Gap[] = [];
  #lastMs: number | undefined;
  #awaited: Awaited | undefined;
  readonly #startNs: bigint;

  constructor(receiver: Receiver, schedule: Schedule, startNs: bigint) {
    this.#startNs = startNs;
    this.#answers = new Uint8Array(schedule.count);
    receiver.watch(schedule, (index, arrivedNs, version) => this.#answered(index, this.msOf(arrivedNs), version));
  }

  /** Milliseconds since message 0. */
  msOf(ns: bigint): number {
    return Number(ns - this.#startNs) / NS_PER_MS;
  }

  nowMs(): number {
    return this.msOf(process.hrtime.bigint());
  }

  /** Resolves with the time of the first answer after `afterMs` that this version makes. */
  untilAnswerOf(version: string, afterMs: number): Promise<number> {
    return new Promise((seen) => {
      this.#awaited = { version, afterMs, seen };
    });
  }

  /** The gaps that ended in this time. */
  gaps(fromMs: number, toMs: number): Gap[] {
    return this.#gaps.filter(({ endMs }) => endMs >= fromMs && endMs <= toMs);
  }

  /** Messages of the first `sent` without an answer, by their number. */
  lost(sent: number): number[] {
    return [...this.#answers.subarray(0, sent).entries()].flatMap(([index, times]) => (times === 0 ? [index] : []));
  }

  /** Messages that were answered more than once. */
  doubled(): number {
    return this.#answers.filter((times) => times > 1).length;
  }

  #answered(index: number, atMs: number, version: string): void {
    this.#answers[index] = (this.#answers[index] ?? 0) + 1;
    if (this.#lastMs !== undefined) this.#gaps.push({ endMs: atMs, ms: atMs - this.#lastMs });
    this.#lastMs = atMs;
    const awaited = this.#awaited;
    if (awaited === undefined || awaited.version !== version || atMs < awaited.afterMs) return;
    this.#awaited = undefined;
    awaited.seen(atMs);
  }
}

export function longest(gaps: readonly Gap[]): Gap {
  return gaps.reduce((most, gap) => (gap.ms > most.ms ? gap : most), { endMs: Number.NaN, ms: 0 });
}

/** The longest that nothing was even sent within a gap: this part of it is the machine's, or the sender's. */
export function silence(sentMs: Float64Array, { endMs, ms }: Gap): number {
  const startMs = endMs - ms;
  const moments = [startMs, ...sentMs.filter((at) => at > startMs && at < endMs), endMs];
  return Math.max(...moments.slice(1).map((at, i) => at - (moments[i] ?? at)));
}

/** The gap that so large a share of them does not exceed. */
export function gapAt(gaps: readonly Gap[], share: number): number {
  const sorted = gaps.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
