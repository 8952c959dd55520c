import type { ShadowDocument } from '../ports/shadow.ts';
import type { AgentControls, PipelineStatus } from './commands/controls.ts';
import { applyIntent, type DesiredError, type Intent, intentsOf, type SleepIntent, sleepOf } from './shadow-desired.ts';

/** Told at most; the first ones are enough to start with. */
const MAX_ERRORS = 10;
const MAX_PATH = 96;
const MAX_REASON = 120;

type Tried = { readonly value: string; readonly reason: string };

/**
 * Applies what is desired, and remembers what could not be: a service repeats a difference after every report, and the
 * same refused value must not be tried, reported and repeated for ever.
 */
export class ShadowIntents {
  readonly #controls: AgentControls;
  /** By path. Only what the newest delta still names. */
  #refused = new Map<string, Tried>();
  /** Refused values that may be tried again: what they lacked may be there by now. */
  #retry = false;
  /** Values of the fields that something local (a command, the end of a sleep) may overtake. */
  readonly #applied = new Map<'mode' | 'sleep' | 'logLevel', unknown>();

  constructor(controls: AgentControls) {
    this.#controls = controls;
  }

  get errors(): readonly DesiredError[] {
    return [...this.#refused].slice(0, MAX_ERRORS).map(([path, { reason }]) => ({
      path: path.slice(0, MAX_PATH),
      reason: reason.slice(0, MAX_REASON),
    }));
  }

  /** How the agents sleep, in the words of what is desired. */
  sleepOf(agents: readonly PipelineStatus[]): SleepIntent {
    return sleepOf(agents, this.#applied.get('sleep'));
  }

  /** Lets refused values be tried once more when they come again. */
  retryRefused(): void {
    this.#retry = true;
  }

  /** Takes everything that differs now. Gives back the paths that took effect. */
  apply(desired: ShadowDocument, nowMs: number): readonly string[] {
    const refused = new Map<string, Tried>();
    const done: string[] = [];
    for (const intent of intentsOf(desired)) {
      const path = intent.path.join('.');
      const value = JSON.stringify(intent.value);
      const before = this.#refused.get(path);
      const reason = before?.value === value && !this.#retry ? before.reason : this.#try(intent, nowMs);
      if (reason === undefined) done.push(path);
      else refused.set(path, { value, reason });
    }
    this.#refused = refused;
    this.#retry = false;
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
