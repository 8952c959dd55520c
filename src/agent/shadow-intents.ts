import type { ShadowDocument } from '../ports/shadow.ts';
import type { AgentControls, PipelineStatus } from './commands/controls.ts';
import { applyIntent, type DesiredError, type Intent, intentsOf, type SleepIntent, sleepOf } from './shadow-desired.ts';

/** Told at most; the first ones are enough to start with. */
const MAX_ERRORS = 10;
const MAX_PATH = 96;
const MAX_REASON = 120;

/**
 * Applies what is desired, and remembers what it came to. A service repeats a difference after every report; trying it
 * again changes nothing, so nothing is reported, and the circle ends.
 */
export class ShadowIntents {
  readonly #controls: AgentControls;
  /** What the newest delta names and cannot be done. */
  errors: readonly DesiredError[] = [];
  /** Values of the fields that something local (a command, the end of a sleep) may overtake. */
  readonly #applied = new Map<'mode' | 'sleep' | 'logLevel', unknown>();

  constructor(controls: AgentControls) {
    this.#controls = controls;
  }

  /** How the agents sleep, in the words of what is desired. */
  sleepOf(agents: readonly PipelineStatus[]): SleepIntent {
    return sleepOf(agents, this.#applied.get('sleep'));
  }

  /** Takes everything that differs now. Gives back the paths that took effect. */
  apply(desired: ShadowDocument, nowMs: number): readonly string[] {
    const errors: DesiredError[] = [];
    const done: string[] = [];
    for (const intent of intentsOf(desired)) {
      const path = intent.path.join('.').slice(0, MAX_PATH);
      const reason = this.#try(intent, nowMs);
      if (reason === undefined) done.push(path);
      else errors.push({ path, reason: reason.slice(0, MAX_REASON) });
    }
    this.errors = errors.slice(0, MAX_ERRORS);
    return done;
  }

  /**
   * Names, as null, the desired fields that something local has changed since: the latest wins, and a device that was
   * woken by hand does not fall asleep again at its next connect. Each is named once.
   */
  overtaken(agents: readonly PipelineStatus[]): ShadowDocument | undefined {
    const { mode, logLevel } = this.#controls;
    const now = { mode, logLevel, sleep: this.sleepOf(agents) };
    const gone = [...this.#applied].filter(([field, value]) => {
      // Agents that are still starting, or down, neither sleep nor prove to be awake.
      if (field === 'sleep' && !agents.some(({ state }) => state === 'running' || state === 'asleep')) return false;
      return JSON.stringify(value) !== JSON.stringify(now[field]);
    });
    for (const [field] of gone) this.#applied.delete(field);
    return gone.length === 0 ? undefined : Object.fromEntries(gone.map(([field]) => [field, null]));
  }

  #try(intent: Intent, nowMs: number): string | undefined {
    const reason = applyIntent(intent, this.#controls, nowMs);
    const [field] = intent.path;
    if (reason === undefined && (field === 'mode' || field === 'sleep' || field === 'logLevel')) {
      this.#applied.set(field, intent.value);
    }
    return reason;
  }
}
