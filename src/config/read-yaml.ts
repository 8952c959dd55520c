import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument, type YAMLError } from 'yaml';
import type { KeyPath, Problem } from './problems.ts';

/** Thirty agents with everything written out are 60 KB. */
const MAX_LENGTH = 256 * 1024;
/** How often aliases may repeat what they point to, all levels together: enough for people, not for a billion laughs. */
const MAX_ALIASES = 64;
/** The parser recurses into each; where it runs out of stack it takes a second to say so, a thousand times. */
const MAX_BRACKETS = 64;

type Position = { readonly line: number; readonly column: number };

export type YamlText = {
  readonly value: unknown;
  /** Where the value, or the key that is too much, is in the text; or else the nearest thing around it. */
  readonly locate: (keys: KeyPath) => Position | undefined;
};

/** Reads one YAML 1.2 document, or says every problem of its syntax. It never throws. */
export function readYaml(text: string): YamlText | { readonly problems: readonly Problem[] } {
  if (text.length > MAX_LENGTH) return refused(`is longer than ${MAX_LENGTH} characters`);
  if (brackets(text) > MAX_BRACKETS) return refused(`opens more than ${MAX_BRACKETS} brackets inside each other`);
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, version: '1.2', stringKeys: true, prettyErrors: false });
    // A tag that nobody knows is only a warning to the parser; what it was to mean would be ignored silently.
    const problems = [...document.errors, ...document.warnings].map((error) => ofError(error, lines));
    if (problems.length > 0) return { problems };
    return {
      value: document.toJS({ maxAliasCount: MAX_ALIASES }),
      locate: (keys) => positionOf(document, keys, lines),
    };
  } catch (thrown) {
    return refused(`cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

/** The deepest nesting of [ and {. Those in quoted text count as well: nobody has so many, unbalanced. */
function brackets(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [bracket] of text.matchAll(/[[{}\]]/g)) {
    depth = bracket === '[' || bracket === '{' ? depth + 1 : Math.max(depth - 1, 0);
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}

function refused(problem: string): { problems: readonly Problem[] } {
  return { problems: [{ code: 'E_CONFIG_SYNTAX', path: '', problem }] };
}

function ofError({ message, pos }: YAMLError, lines: LineCounter): Problem {
  const { line, col } = lines.linePos(pos[0]);
  return { code: 'E_CONFIG_SYNTAX', path: '', problem: message, line, column: col };
}

function positionOf(document: Document, keys: KeyPath, lines: LineCounter): Position | undefined {
  for (let depth = keys.length; depth > 0; depth--) {
    const offset = offsetOf(document, keys.slice(0, depth));
    if (offset === undefined) continue;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  }
  return undefined;
}

/** Start of the key of a mapping, or of the item of a list. */
function offsetOf(document: Document, keys: KeyPath): number | undefined {
  const last = keys.at(-1);
  const around = keys.length === 1 ? document.contents : document.getIn(keys.slice(0, -1), true);
  if (isMap(around)) {
    const pair = around.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === last);
    return isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
  }
  const node = document.getIn(keys, true);
  return (node as { range?: readonly number[] | null } | undefined)?.range?.[0];
}
