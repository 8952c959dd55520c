import { z } from 'zod';
import { MAX_NAME_LENGTH, MAX_PATH_LENGTH, MAX_POINTER_LENGTH } from './limits.ts';
import { DURATION_PATTERN, parseDuration } from './parse-duration.ts';
import { parseSize, SIZE_PATTERN } from './parse-size.ts';
import { filterProblem, templateProblem } from './topics.ts';

/** What the reference says of a field besides its type and default. */
export type About = {
  /** Durations and sizes carry theirs in the file (`5s`, `4GB`). */
  readonly unit?: string;
  /** true: `reload` takes a change over; false: it needs a restart. */
  readonly reloadable?: boolean;
  /** Only where the value of a field that is left out follows from other fields; else the schema knows. */
  readonly default?: string;
};

/** Attaches what a field means; the reference and the JSON Schema are made from it. Comes last in a chain of calls. */
export function field<S extends z.ZodType>(schema: S, description: string, about: About = {}): S {
  return schema.meta({ description, reloadable: false, ...about });
}

type Bounds = { readonly min: number; readonly max: number };

/** A size in the file, bytes in the form. */
export function size({ min, max }: Bounds) {
  const what = { error: said('must be a size such as 64MB, 4GB or 4GiB (a number alone is bytes)') };
  return z
    .union([z.number(what).min(0, what), written(SIZE_PATTERN, what)], what)
    .transform((written, ctx) =>
      bounded(parseSize(written), what.error({ input: written }), { min, max }, 'bytes', ctx),
    )
    .meta({ unit: 'size' });
}

/** A duration in the file, milliseconds in the form. */
export function duration({ min, max }: Bounds) {
  const what = { error: said('must be a duration with its unit, such as 500ms, 5s, 2m, 1h or 7d') };
  return z
    .union([z.literal(0, what), written(DURATION_PATTERN, what)], what)
    .transform((written, ctx) =>
      bounded(parseDuration(written), what.error({ input: written }), { min, max }, 'ms', ctx),
    )
    .meta({ unit: 'duration' });
}

type Said = { readonly error: (issue: { readonly input?: unknown }) => string | undefined };

/** The text of a choice. It aborts, or else zod tells its own problem alone, and not that a number would do. */
function written(pattern: RegExp, what: Said) {
  return z.string(what).regex(pattern, { ...what, abort: true });
}

function bounded(
  value: number | undefined,
  problem: string | undefined,
  { min, max }: Bounds,
  unit: string,
  ctx: z.core.$RefinementCtx,
): number {
  if (value === undefined) ctx.addIssue({ code: 'custom', message: problem });
  else if (value < min)
    ctx.addIssue({ code: 'custom', message: `must be at least ${min} ${unit}, is ${value} ${unit}` });
  else if (value > max)
    ctx.addIssue({ code: 'custom', message: `must be at most ${max} ${unit}, is ${value} ${unit}` });
  else return value;
  return z.NEVER;
}

/** The message for every wrong value; a missing one is left to the general message. */
function said(problem: string): Said['error'] {
  return (issue) => (issue.input === undefined || issue.input === null ? undefined : problem);
}

export const count = (max: number, min = 1) => z.number().int().min(min).max(max);

export const port = () => count(65_535, 0);

export const NAME_PATTERN = new RegExp(`^[a-zA-Z0-9_-]{1,${MAX_NAME_LENGTH}}$`);

/** Names become levels of topics, names of files and titles of processes. */
export const name = () =>
  z.string().regex(NAME_PATTERN, { error: `must be 1 to ${MAX_NAME_LENGTH} letters, digits, _ or -` });

export const path = () =>
  z
    .string()
    .min(1)
    .max(MAX_PATH_LENGTH)
    .refine((text) => !text.includes('\0'), { error: 'must not hold NUL' });

export const topicFilter = () => text(filterProblem);

export const topicTemplate = () => text(templateProblem);

function text(problemOf: (text: string) => string | undefined) {
  return z.string().superRefine((value, ctx) => {
    const problem = problemOf(value);
    if (problem !== undefined) ctx.addIssue({ code: 'custom', message: problem });
  });
}

/** RFC 6901, 3: empty (the whole document) or a path of /tokens where ~ is only ~0 or ~1. */
export const pointer = () =>
  z
    .string()
    .max(MAX_POINTER_LENGTH)
    .regex(/^(?:\/(?:[^/~]|~[01])*)*$/, { error: 'must be a JSON pointer such as /values or /data/0/x' });
