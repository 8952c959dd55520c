import type { z } from 'zod';

export type Path = readonly (string | number)[];

export type Report = (
  path: Path,
  problem: string,
  more?: { readonly hint?: string; readonly unsupported?: boolean },
) => void;

/** Tells whether what is at a path passed its own checks, so that it has the type the schema promises. */
export type Sound = (...path: Path) => boolean;

type Head<N> = N extends `${infer First}.${string}` ? First : N;

/**
 * Adds a check of fields against each other. zod leaves such checks out as soon as anything in the object is wrong; here
 * they still run when the fields they need (`gpu`, `resources.gpu`) are right, so that one reading tells every problem.
 */
export function crossCheck<S extends z.ZodObject, const N extends string>(
  schema: S,
  needs: readonly N[],
  check: (value: Pick<z.output<S>, Head<N> & keyof z.output<S>>, report: Report, sound: Sound) => void,
): S {
  return schema.superRefine(
    (value, ctx) => {
      const before = [...ctx.issues];
      const report: Report = (path, message, more = {}) =>
        ctx.addIssue({ code: 'custom', path: [...path], message, params: { ...more, crossCheck: true } });
      check(value, report, (...path) => isSound(before, path));
    },
    { when: ({ issues }) => isObject(issues) && needs.every((need) => isSound(issues, need.split('.'))) },
  );
}

type Issue = { readonly code?: string | undefined; readonly path?: readonly PropertyKey[] | undefined };

function isSound(issues: readonly Issue[], path: Path): boolean {
  return !issues.some((issue) => damages(issue) && onOneLine(issue.path ?? [], path));
}

function isObject(issues: readonly Issue[]): boolean {
  return !issues.some((issue) => damages(issue) && (issue.path ?? []).length === 0);
}

/** An unknown key, or a contradiction between two good fields, leaves every field with its type. */
function damages(issue: Issue): boolean {
  if (issue.code === 'unrecognized_keys') return false;
  return !('params' in issue && (issue.params as { crossCheck?: boolean } | undefined)?.crossCheck === true);
}

function onOneLine(a: readonly PropertyKey[], b: Path): boolean {
  const [short, long] = a.length < b.length ? [a, b] : [b, a];
  return short.every((step, at) => step === long[at]);
}

/** Reports every item of a list whose `key` an earlier item has already. */
export function checkUnique(list: unknown, key: string, at: Path, report: Report, sound: Sound, hint?: string): void {
  if (!Array.isArray(list)) return;
  const seen = new Map<unknown, number>();
  for (const [index, item] of (list as Record<string, unknown>[]).entries()) {
    if (!sound(...at, index, key)) continue;
    const value = item[key];
    const first = seen.get(value);
    if (first === undefined) seen.set(value, index);
    else if (value !== undefined) {
      report([...at, index, key], `is already taken by ${at.join('.')}[${first}]`, hint === undefined ? {} : { hint });
    }
  }
}
