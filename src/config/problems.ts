import type { z } from 'zod';
import type { ErrorCode } from '../domain/errors.ts';
import { nearest } from '../domain/nearest.ts';
import { type FieldRow, fieldRows } from './json-schema.ts';

/** One thing that is wrong with a configuration. */
export type Problem = {
  readonly code: Extract<ErrorCode, 'E_CONFIG_SYNTAX' | 'E_CONFIG_INVALID' | 'E_CONFIG_UNSUPPORTED'>;
  /** `agents[0].inputs[1].values[0]`; empty for the document as a whole. */
  readonly path: string;
  /** What is wrong, read after the path: `must be a number, is text`. */
  readonly problem: string;
  readonly hint?: string;
  /** Where it is in the text, from 1, when it came as text. */
  readonly line?: number;
  readonly column?: number;
};

export type KeyPath = readonly PropertyKey[];
export type Located = { readonly problem: Problem; readonly keys: KeyPath };

type Issue = z.core.$ZodIssue;

/** Says what is wrong in plain words; zod's own are for programmers. Used for whatever has no words of its own. */
export function describeIssue(issue: z.core.$ZodRawIssue): string {
  if (issue.input === undefined) return 'is missing';
  if (issue.input === null) return 'is empty';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${named(issue.expected)}, is ${kindOf(issue.input)}`;
    case 'invalid_value':
      return `must be one of ${issue.values.join(', ')}`;
    case 'too_small':
      return `must ${bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    default:
      return 'is not valid';
  }
}

const NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
};

function named(type: string): string {
  return NAMES[type] ?? type;
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return String(value);
  return NAMES[typeof value] ?? typeof value;
}

function bound(origin: string, how: string, limit: number | bigint): string {
  if (origin === 'array') return `have ${how} ${limit} ${limit === 1 ? 'item' : 'items'}`;
  if (origin === 'string') return `have ${how} ${limit} ${limit === 1 ? 'character' : 'characters'}`;
  return `be ${how} ${limit}`;
}

/** More than anyone reads; a wrong file in the right place may have a problem in every line. */
export const MAX_PROBLEMS = 100;

/** Turns what zod found into problems, one for each unknown key, each with the path from the top. */
export function toProblems(issues: readonly Issue[]): { readonly located: readonly Located[]; readonly count: number } {
  const flat = issues.flatMap((issue) => flatten(issue));
  const rows = flat.some(({ key }) => key !== undefined) ? fieldRows() : [];
  const located = flat.slice(0, MAX_PROBLEMS).map(({ issue, keys, key }) => {
    if (key !== undefined) return unknownKey(keys, key, rows);
    return locate(keys, issue.message, issue.code === 'custom' ? issue.params : undefined);
  });
  return { located, count: flat.length };
}

type Flat = { readonly issue: Issue; readonly keys: KeyPath; readonly key?: string };

function flatten(issue: Issue, above: KeyPath = []): Flat[] {
  const keys = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => ({ issue, keys, key }));
  if (issue.code === 'invalid_union') {
    const [meant, ...others] = issue.errors.filter(isMeant);
    if (meant !== undefined && others.length === 0) return meant.flatMap((inner) => flatten(inner, keys));
  }
  return [{ issue, keys }];
}

/** A choice was meant when the kind of value is right, and only something inside it is not. */
function isMeant(issues: readonly Issue[]): boolean {
  return issues.every(({ code, path }) => path.length > 0 || (code !== 'invalid_type' && code !== 'invalid_value'));
}

function unknownKey(keys: KeyPath, key: string, rows: readonly FieldRow[]): Located {
  const siblings = knownKeys(keys, rows);
  const meant = nearest(key, siblings);
  const hint = meant === undefined ? `Known here: ${siblings.join(', ')}.` : `Did you mean ${meant}?`;
  return locate([...keys, key], 'is not a known key', { hint });
}

function knownKeys(keys: KeyPath, rows: readonly FieldRow[]): string[] {
  const prefix = formatPath(keys).replace(/\[[0-9]+\]/g, '[]');
  const start = prefix === '' ? '' : `${prefix}.`;
  return rows
    .filter(({ path }) => path.startsWith(start) && !/[.[]/.test(path.slice(start.length)))
    .map(({ path }) => path.slice(start.length));
}

function locate(keys: KeyPath, problem: string, more: { hint?: string; unsupported?: boolean } = {}): Located {
  const code = more.unsupported === true ? 'E_CONFIG_UNSUPPORTED' : 'E_CONFIG_INVALID';
  const hint = more.hint === undefined ? {} : { hint: more.hint };
  return { problem: { code, path: formatPath(keys), problem, ...hint }, keys };
}

const PLAIN_KEY = /^[a-zA-Z_][a-zA-Z0-9_-]*$/;

function formatPath(keys: KeyPath): string {
  return keys.reduce<string>((path, key) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    const text = String(key);
    if (!PLAIN_KEY.test(text)) return `${path}[${JSON.stringify(text)}]`;
    return path === '' ? text : `${path}.${text}`;
  }, '');
}
