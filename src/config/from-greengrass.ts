import type { z } from 'zod';
import { configForm } from './form.ts';
import { type Checked, checkConfig } from './load.ts';
import type { KeyPath } from './problems.ts';

/** What the component's environment says, for what the configuration leaves out. */
export type Surroundings = {
  /** AWS_IOT_THING_NAME. */
  readonly thing: string | undefined;
};

type Tree = Record<string, unknown>;
type Issue = z.core.$ZodIssue;

/** Permissions are the nucleus's own affair; it delivers them beside what is ours. */
const NOT_OURS = 'accessControl';

/**
 * Checks a component's configuration as a Greengrass nucleus delivers it: a frozen Config, or every problem at once.
 *
 * Numbers may come as doubles (300.0) and, from lite's YAML or from an interpolated variable, as text ("300", "300.0",
 * "6.4E7"); true and false may be text as well. They are read as what the form wants at that place, so a text field keeps
 * its digits. What is not a number stays as it is, and is refused as it would be in a file.
 */
export function fromGreengrass(delivered: unknown, { thing }: Surroundings): Checked {
  if (!isTree(delivered)) return checkConfig(delivered);
  const { [NOT_OURS]: _, ...ours } = delivered;
  const named = thing === undefined || 'thing' in ours ? ours : { ...ours, thing };
  return checkConfig(untyped(named));
}

/** Asks the form what it wants where a text is not right, and reads those texts alone. One round: it tells all at once. */
function untyped(data: Tree): unknown {
  const parsed = configForm.safeParse(data);
  if (parsed.success) return data;
  const typed = structuredClone(data);
  for (const { keys, read } of parsed.error.issues.flatMap((issue) => wishes(issue))) replace(typed, keys, read);
  return typed;
}

/** Reads a text as another kind of value; undefined: it is none. */
type Read = (text: string) => unknown;
type Wish = { readonly keys: KeyPath; readonly read: Read };

/** What would have been right instead; of a choice, each of its parts may say so. */
function wishes(issue: Issue, above: KeyPath = []): Wish[] {
  const keys = [...above, ...issue.path];
  switch (issue.code) {
    case 'invalid_type':
      if (issue.expected === 'number' || issue.expected === 'int') return [{ keys, read: readNumber }];
      return issue.expected === 'boolean' ? [{ keys, read: readBoolean }] : [];
    case 'invalid_value':
      return [{ keys, read: (text) => readOneOf(text, issue.values) }];
    case 'invalid_union':
      return issue.errors.flatMap((choice) => choice.flatMap((inner) => wishes(inner, keys)));
    default:
      return [];
  }
}

/** Decimal, as JSON, YAML and Java write it: 5, +5, -0.5, .5, 300.0, 6.4E7. */
const NUMBER = /^[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$/;

function readNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}

/** YAML 1.2, 10.3.2. */
const BOOLEANS: Readonly<Record<string, boolean>> = {
  ...{ true: true, True: true, TRUE: true },
  ...{ false: false, False: false, FALSE: false },
};

function readBoolean(text: string): boolean | undefined {
  return Object.hasOwn(BOOLEANS, text) ? BOOLEANS[text] : undefined;
}

function readOneOf(text: string, values: readonly unknown[]): unknown {
  return [readNumber(text), readBoolean(text)].find((value) => value !== undefined && values.includes(value));
}

/** Replaces the text at a path by what it reads as. What is no text, or reads as nothing, stays. */
function replace(tree: Tree, keys: KeyPath, read: Read): void {
  const last = keys.at(-1);
  if (last === undefined) return;
  const around = keys.slice(0, -1).reduce<unknown>((node, key) => (isNode(node) ? node[key] : undefined), tree);
  if (!isNode(around)) return;
  const text = around[last];
  const value = typeof text === 'string' ? read(text) : undefined;
  if (value !== undefined) around[last] = value;
}

type Node = Record<PropertyKey, unknown>;

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function isTree(value: unknown): value is Tree {
  return isNode(value) && !Array.isArray(value);
}
