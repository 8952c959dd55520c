/** What the agent concluded from one window. */
export type Outcome = {
  /** The label with the highest score, `uncertain` when it is under the floor; the output's name for a regression. */
  readonly label: string;
  /** The score of that label, or the value of a regression. */
  readonly score: number;
};

/** A lasting state of one key under one rule. Survives restarts, so that an episode is announced once. */
export type Episode = {
  /** Start of the episode, milliseconds since 1970 UTC; part of the stable id of its messages. */
  readonly sinceMs: number;
};

export type AlarmChange = {
  readonly kind: 'raised' | 'cleared';
  readonly rule: string;
  readonly key: string;
  readonly episode: Episode;
  /** The signal that decided it. */
  readonly signal: number;
  readonly outcome: Outcome;
};
