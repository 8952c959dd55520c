import type { AlarmRule } from '../domain/agent-spec.ts';
import type { AlarmChange, Episode } from '../domain/decision.ts';

/** What one key has shown to one rule. Votes are bits, the latest lowest: rules look at up to 32 windows. */
export type Votes = {
  raise: number;
  clear: number;
  episode: Episode | undefined;
  /** When the latest episode began by the clock, and what its start was called: ids must grow, a clock need not. */
  raisedAtMs: number;
  lastSinceMs: number;
};

export type Rule = Omit<AlarmRule, 'raise' | 'clear'> & {
  raise: number;
  clear: number;
  readonly mask: number;
  readonly columns: readonly number[];
};

export function compileRule(rule: AlarmRule, labels: readonly string[]): Rule {
  const columns = rule.labels === undefined ? [0] : rule.labels.map((label) => labels.indexOf(label));
  return { ...rule, columns, mask: rule.n >= 32 ? -1 : (1 << rule.n) - 1 };
}

export function freshVotes(): Votes {
  return {
    raise: 0,
    clear: 0,
    episode: undefined,
    raisedAtMs: Number.NEGATIVE_INFINITY,
    lastSinceMs: Number.NEGATIVE_INFINITY,
  };
}

/** Adds the vote of one window. */
export function vote(votes: Votes, rule: Rule, signal: number): void {
  const above = rule.direction === 'above';
  const raises = above ? signal >= rule.raise : signal <= rule.raise;
  const clears = above ? signal < rule.clear : signal > rule.clear;
  votes.raise = ((votes.raise << 1) | Number(raises)) & rule.mask;
  votes.clear = ((votes.clear << 1) | Number(clears)) & rule.mask;
}

/** What the votes ask for; undefined: all stays as it is. */
export function turn(votes: Votes, rule: Rule, nowMs: number): AlarmChange['kind'] | undefined {
  if (votes.episode !== undefined) return ones(votes.clear) >= rule.k ? 'cleared' : undefined;
  if (ones(votes.raise) < rule.k) return undefined;
  const restedMs = nowMs - votes.raisedAtMs;
  // A clock that was set back makes the rest negative: waiting for it to catch up could silence an alarm for years.
  const resting = restedMs >= 0 && restedMs < rule.cooldownMs;
  return resting ? undefined : 'raised';
}

/** Carries a turn out. Each counts the windows after it: those before would turn it back at once where k is at most half of n. */
export function apply(votes: Votes, kind: AlarmChange['kind'], nowMs: number): Episode {
  if (kind === 'cleared') {
    votes.raise = 0;
    const episode = votes.episode as Episode;
    votes.episode = undefined;
    return episode;
  }
  // Later than any before it, even when the clock stands still or was set back: the start is part of the alarm's id.
  const sinceMs = Math.max(nowMs, votes.lastSinceMs + 1);
  votes.clear = 0;
  votes.episode = { sinceMs };
  votes.raisedAtMs = nowMs;
  votes.lastSinceMs = sinceMs;
  return votes.episode;
}

function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
