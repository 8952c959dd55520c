import type { AlarmRule } from '../domain/agent-spec.ts';
import type { AlarmChange, Episode, Outcome } from '../domain/decision.ts';
import type { Task } from '../domain/manifest.ts';
import { apply, compileRule, freshVotes, type Rule, turn, type Votes, vote } from './alarm-votes.ts';

export type DeciderOptions = {
  readonly task: Task;
  /** Names of the scores, in the order of the model's output. */
  readonly labels: readonly string[];
  /** Classification: under this score the outcome is `uncertain`. */
  readonly floor: number;
  readonly alarms: readonly AlarmRule[];
  /** How many keys are remembered; keys in alarm are evicted last. */
  readonly maxKeys: number;
};

/** Outcome of a classification whose best score is under the floor. */
export const UNCERTAIN = 'uncertain';

/**
 * Concludes from scores: an outcome for every window, and the alarms that begin or end with it. Pure: `nowMs` is an
 * argument. A rule needs k of the last n windows beyond `raise` to begin, and k of n beyond `clear` to end.
 */
export class Decider {
  readonly #options: DeciderOptions;
  readonly #rules: readonly Rule[];
  /** Votes of each rule, by key, in the order of last use. */
  readonly #keys = new Map<string, Votes[]>();

  constructor(options: DeciderOptions) {
    this.#options = options;
    this.#rules = options.alarms.map((rule) => compileRule(rule, options.labels));
  }

  /** Keys in alarm right now. */
  get active(): number {
    let count = 0;
    for (const votes of this.#keys.values()) if (votes.some(({ episode }) => episode !== undefined)) count++;
    return count;
  }

  /** Takes up an episode that began before a restart. Unknown rules are told by false. */
  resume(ruleName: string, key: string, episode: Episode): boolean {
    const index = this.#rules.findIndex((rule) => rule.name === ruleName);
    const votes = this.#use(key)[index];
    if (votes === undefined) return false;
    votes.episode = episode;
    votes.raisedAtMs = episode.sinceMs;
    votes.lastSinceMs = episode.sinceMs;
    return true;
  }

  /** Every episode that is going on. */
  *episodes(): Generator<{ readonly rule: string; readonly key: string; readonly episode: Episode }> {
    for (const [key, ofKey] of this.#keys) {
      for (const [index, rule] of this.#rules.entries()) {
        const episode = ofKey[index]?.episode;
        if (episode !== undefined) yield { rule: rule.name, key, episode };
      }
    }
  }

  /**
   * Takes back a change that could not be made durable, so that the next window brings it up again. One that the windows
   * since then have overtaken stays as it is.
   */
  undo(change: AlarmChange): void {
    const votes = this.#use(change.key)[this.#rules.findIndex((rule) => rule.name === change.rule)];
    if (votes === undefined) return;
    if (change.kind === 'cleared') {
      votes.episode ??= change.episode;
    } else if (votes.episode?.sinceMs === change.episode.sinceMs) {
      votes.episode = undefined;
      votes.raisedAtMs = Number.NEGATIVE_INFINITY;
    }
  }

  /** The outcome of the scores from `at` on; undefined where they are not all finite. */
  outcomeOf(scores: Float32Array, at: number): Outcome | undefined {
    const { labels, task, floor } = this.#options;
    let best = 0;
    for (let i = 0; i < labels.length; i++) {
      const score = scores[at + i] as number;
      if (!Number.isFinite(score)) return undefined;
      if (score > (scores[at + best] as number)) best = i;
    }
    const score = scores[at + best] as number;
    const sure = task !== 'classification' || score >= floor;
    return { label: sure ? (labels[best] as string) : UNCERTAIN, score };
  }

  setThreshold(ruleName: string, raise: number, clear: number): boolean {
    const rule = this.#rules.find(({ name }) => name === ruleName);
    if (rule === undefined) return false;
    rule.raise = raise;
    rule.clear = clear;
    return true;
  }

  thresholds(): Readonly<Record<string, Pick<AlarmRule, 'direction' | 'raise' | 'clear'>>> {
    return Object.fromEntries(
      this.#rules.map(({ name, direction, raise, clear }) => [name, { direction, raise, clear }]),
    );
  }

  /**
   * Judges row `row` of `scores` (rows x labels). Appends the alarms that change to `changes`. Scores that are not all
   * finite judge nothing: undefined.
   */
  decide(key: string, scores: Float32Array, row: number, nowMs: number, changes: AlarmChange[]): Outcome | undefined {
    const at = row * this.#options.labels.length;
    const outcome = this.outcomeOf(scores, at);
    if (outcome === undefined || this.#rules.length === 0) return outcome;
    const ofKey = this.#use(key);
    for (const [index, rule] of this.#rules.entries()) {
      const votes = ofKey[index] as Votes;
      let signal = 0;
      for (const column of rule.columns) signal += scores[at + column] as number;
      vote(votes, rule, signal);
      const kind = turn(votes, rule, nowMs);
      if (kind === undefined) continue;
      changes.push({ kind, rule: rule.name, key, episode: apply(votes, kind, nowMs), signal, outcome });
    }
    return outcome;
  }

  #use(key: string): Votes[] {
    const known = this.#keys.get(key);
    if (known !== undefined) {
      this.#keys.delete(key);
      this.#keys.set(key, known);
      return known;
    }
    if (this.#keys.size >= this.#options.maxKeys) this.#evict();
    const fresh = this.#rules.map(freshVotes);
    this.#keys.set(key, fresh);
    return fresh;
  }

  /** A key in alarm stays while any other can go: forgetting it would announce its alarm a second time. */
  #evict(): void {
    let oldest: string | undefined;
    for (const [key, votes] of this.#keys) {
      oldest ??= key;
      if (votes.every(({ episode }) => episode === undefined)) {
        this.#keys.delete(key);
        return;
      }
    }
    if (oldest !== undefined) this.#keys.delete(oldest);
  }
}
