import type { z } from 'zod';
import { type Failure, fail, ok, type Result } from '../../domain/errors.ts';
import type { AgentControls } from './controls.ts';
import { problemsOf } from './envelope.ts';

/**
 * How many commands of a lane run beside each other; lanes do not wait for each other. A rollout only waits for its slot: one
 * runs and one is queued in each of 64 agents. Taking one back has a lane of its own, so that no rollout holds it up.
 */
export const LANES = { read: 1, infer: 1, control: 1, rollout: 128, undo: 64 } as const;
export type Lane = keyof typeof LANES;

export type VerbContext = {
  readonly controls: AgentControls;
  /** Of the command: a second attempt after a restart has the same. */
  readonly id: string;
  readonly nowMs: number;
  /** Aborted at the deadline, when the agent stops, and when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
};

type Declared = {
  readonly verb: string;
  readonly summary: string;
  readonly lane: Lane;
  /** A restart came between `accepted` and the answer: may it be executed a second time? Else it answers `failed`. */
  readonly repeatable: boolean;
  /** How often it is started at most, over restarts; MAX_ATTEMPTS where it is left out. */
  readonly attempts?: number;
  readonly deadlineMs: number;
};

export type Verb = Declared & {
  readonly schema: z.ZodObject;
  /** Checks the arguments, and gives the run that waits for its turn. */
  prepare(args: unknown): Result<Run>;
};

/** The end of a command. A failure may bring a result too: what is known of it beyond its code. */
export type Ended =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Failure; readonly result?: unknown };

/** Executes the command. The value is the reply's `result`. */
export type Run = (context: VerbContext) => Promise<Ended>;

/** Declares a verb, with arguments typed by their schema. */
export function declareVerb<Schema extends z.ZodObject>(
  declared: Declared & {
    readonly args: Schema;
    run(args: z.output<Schema>, context: VerbContext): Promise<Ended> | Ended;
  },
): Verb {
  const { args: schema, run, ...rest } = declared;
  return {
    ...rest,
    schema,
    prepare(args) {
      const parsed = schema.safeParse(args);
      if (!parsed.success) return fail('E_COMMAND_ARGS', problemsOf(parsed.error));
      return ok(async (context) => run(parsed.data, context));
    },
  };
}
