import type { z } from 'zod';
import { fail, ok, type Result } from '../../domain/errors.ts';
import type { AgentControls } from './controls.ts';
import { problemsOf } from './envelope.ts';

/** Commands of one lane run one after another; lanes do not wait for each other. */
export const LANES = ['read', 'infer', 'control'] as const;
export type Lane = (typeof LANES)[number];

export type VerbContext = {
  readonly controls: AgentControls;
  readonly nowMs: number;
  /** Aborted at the deadline, and when the agent stops. */
  readonly signal: AbortSignal;
};

type Declared = {
  readonly verb: string;
  readonly summary: string;
  readonly lane: Lane;
  /** A restart came between `accepted` and the answer: may it be executed a second time? Else it answers `failed`. */
  readonly repeatable: boolean;
  readonly deadlineMs: number;
};

export type Verb = Declared & {
  readonly schema: z.ZodObject;
  /** Checks the arguments, and gives the run that waits for its turn. */
  prepare(args: unknown): Result<Run>;
};

/** Executes the command. The value is the reply's `result`. */
export type Run = (context: VerbContext) => Promise<Result<unknown>>;

/** Declares a verb, with arguments typed by their schema. */
export function declareVerb<Schema extends z.ZodObject>(
  declared: Declared & {
    readonly args: Schema;
    run(args: z.output<Schema>, context: VerbContext): Promise<Result<unknown>> | Result<unknown>;
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
