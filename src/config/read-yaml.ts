import { type Document, isMap, isPair, isScalar, LineCounter, parseDocument, type YAMLError } from 'yaml';
import type { KeyPath, Problem } from './problems.ts';

/** Thirty agents with everything written out are 60 KB. */
const MAX_LENGTH = 256 * 1024;
/** How often aliases may repeat what they point to, all levels together: enough for people, not for a billion laughs. */
const MAX_ALIASES = 64;

type Position = { readonly line: number; readonly column: number };

export type YamlText = {
  readonly value: unknown;
  /** Where the value, or the key that is too much, is in the text; or else the nearest thing around it. */
  readonly locate: (keys: KeyPath) => Position | undefined;
};

/** Reads one YAML 1.2 document, or says every problem of its syntax. It never throws. */
export function readYaml(text: string): YamlText | { readonly problems: readonly Problem[] } {
  if (text.length > MAX_LENGTH) return refused(`is longer than ${MAX_LENGTH} characters`);
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, { lineCounter: lines, version: '1.2', stringKeys: true });
    // A tag that nobody knows is only a warning to the parser; what it was to mean would be ignored silently.
    const problems = [...document.errors, ...document.warnings].map((error) => ofError(error));
    if (problems.length > 0) return { problems };
    return {
      value: document.toJS({ maxAliasCount: MAX_ALIASES }),
      locate: (keys) => positionOf(document, keys, lines),
    };
  } catch (thrown) {
    return refused(`cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

function refused(problem: string): { problems: readonly Problem[] } {
  return { problems: [{ code: 'E_CONFIG_SYNTAX', path: '', problem }] };
}

function ofError({ message, linePos }: YAMLError): Problem {
  const [start] = linePos ?? [];
  // The message goes on with the position and a drawing of the line; both are told apart.
  const [problem = message] = message.split(/ at line [0-9]+, column [0-9]+/);
  const where = start === undefined ? {} : { line: start.line, column: start.col };
  return { code: 'E_CONFIG_SYNTAX', path: '', problem, ...where };
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
