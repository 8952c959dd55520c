import { setTimeout as wait } from 'node:timers/promises';
import type { Observer } from './observer.ts';

/** What the demo tells of one rollout. */
export type Told = {
  readonly version: string;
  readonly outcome: string;
  readonly reason: string;
  /** Longest time between two answers of any bearing while it went on. */
  readonly gapMs: number;
};

type StoryNeeds = {
  readonly observer: Pick<Observer, 'ask' | 'command' | 'watchGaps'>;
  /** Folder of the package by version. */
  readonly folders: Readonly<Record<string, string>>;
};

/** In this order, each as soon as the one before has ended, and how each should end. */
export const CHAPTERS = [
  { version: '1.1.0', outcome: 'committed' },
  { version: '1.2.0', outcome: 'rolled-back' },
  { version: '1.3.0', outcome: 'refused' },
] as const;

/** As the domain calls them, and as they are told. */
const OUTCOMES: Readonly<Record<string, string>> = { rolledBack: 'rolled-back' };

/** In these nothing is under way. */
const AT_REST: readonly string[] = ['idle', 'committed', 'quarantined'];

/** Often enough to see the states go by, too seldom to cost the agent anything. */
const LOOK_MS = 500;

type Status = {
  readonly agents: readonly {
    readonly rollout?: { readonly state: string; readonly active?: string; readonly candidate?: string };
  }[];
};

/** Three releases come to the device while it works: a good one, a bad one, and a forged one. */
export class Story {
  readonly #needs: StoryNeeds;
  readonly told: Told[] = [];
  /** Longest time between two answers while nothing was rolled out. */
  usualGapMs = 0;
  #now = '1.0.0 answers';

  constructor(needs: StoryNeeds) {
    this.#needs = needs;
  }

  /** How the rollouts are, in a line. */
  get line(): string {
    return [this.#now, ...this.told.map(({ version, outcome }) => `${version} ${outcome}`)].join(', ');
  }

  /** Lets the device work in peace for a while, and sees how regularly it answers. */
  async wait(ms: number): Promise<void> {
    await wait(ms / 2);
    const longestGap = this.#needs.observer.watchGaps();
    await wait(ms / 2);
    this.usualGapMs = Math.round(longestGap());
  }

  /** Rolls out one after another; what has not ended at the deadline is told as unfinished. Never rejects. */
  async play(deadlineMs: number): Promise<void> {
    const endMs = performance.now() + deadlineMs;
    const { observer, folders } = this.#needs;
    for (const { version } of CHAPTERS) {
      const longestGap = observer.watchGaps();
      const ended = new AbortController();
      const looking = this.#look(ended.signal);
      const leftMs = Math.max(LOOK_MS, endMs - performance.now());
      const { outcome, reason } = await this.#rollOut(folders[version] ?? '', leftMs);
      this.told.push({ version, outcome, reason, gapMs: Math.round(longestGap()) });
      ended.abort();
      await looking;
    }
  }

  async #rollOut(source: string, deadlineMs: number): Promise<Pick<Told, 'outcome' | 'reason'>> {
    try {
      const { result, error } = await this.#needs.observer.ask('model.rollout', { source }, deadlineMs);
      const { outcome = 'failed', reason = '' } = (result ?? {}) as { outcome?: string; reason?: string };
      return { outcome: OUTCOMES[outcome] ?? outcome, reason: reason || (error?.message ?? '') };
    } catch (thrown) {
      return { outcome: 'unfinished', reason: thrown instanceof Error ? thrown.message : String(thrown) };
    }
  }

  /** Asks the agent again and again, and once more when it is over. */
  async #look(signal: AbortSignal): Promise<void> {
    for (let last = false; !last; ) {
      last = signal.aborted;
      const status = (await this.#needs.observer.command('status').catch(() => undefined)) as Status | undefined;
      this.#now = describe(status) ?? this.#now;
      if (!last) await wait(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }
}

function describe(status: Status | undefined): string | undefined {
  const rollout = status?.agents[0]?.rollout;
  if (rollout?.active === undefined) return undefined;
  const { state, active, candidate } = rollout;
  return AT_REST.includes(state) ? `${active} answers` : `${active} answers (${candidate ?? 'a package'}: ${state})`;
}
