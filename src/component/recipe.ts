import {
  type Document,
  type ErrorCode,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { nearest } from '../domain/nearest.ts';
import { type Keys, RECIPE } from './recipe-keys.ts';

export type KeyPath = readonly (string | number)[];
export type Position = { readonly line: number; readonly column: number };

/** A place in a recipe, and what is wrong there. */
export type Spot = {
  readonly keys: KeyPath;
  /** Index in the text that stands there, for scripts. */
  readonly index?: number;
  /** Where the keys do not say it. */
  readonly position?: Position;
  readonly problem: string;
};

/** A recipe as it is read with every key in its right case, as classic does, and with what had to be put right for it. */
export type Recipe = {
  readonly file: string;
  readonly bytes: number;
  readonly value: unknown;
  /** What no YAML parser takes; nothing else is known then. */
  readonly syntax: readonly Spot[];
  readonly aliases: readonly Spot[];
  readonly unknownKeys: readonly (Spot & { readonly key: string })[];
  readonly wrongCase: readonly Spot[];
  /** Where something is in the text, or else the nearest thing around it. */
  readonly locate: (spot: Spot) => Position;
};

/** Far beyond the 16 KB that a recipe may have; larger texts are not parsed. */
const MAX_LENGTH = 256 * 1024;
/** Where the parser speaks to programmers. */
const IN_WORDS: Readonly<Partial<Record<ErrorCode, string>>> = {
  MULTIPLE_DOCS: 'a second document begins here: a recipe is one',
  NON_STRING_KEY: 'a key that is no text',
};
const START: Position = { line: 1, column: 1 };

/** Reads a recipe in YAML or JSON. It never throws. */
export function readRecipe(file: string, text: string): Recipe {
  const bytes = Buffer.byteLength(text);
  const lines = new LineCounter();
  const unread = (syntax: readonly Spot[]): Recipe => {
    const nothing = { aliases: [], unknownKeys: [], wrongCase: [], value: undefined };
    return { file, bytes, syntax, ...nothing, locate: ({ position }) => position ?? START };
  };
  if (text.length > MAX_LENGTH) return unread([{ keys: [], problem: `longer than ${MAX_LENGTH} characters` }]);
  const document = parseDocument(text, { lineCounter: lines, stringKeys: true, prettyErrors: false });
  const syntax = [...document.errors, ...document.warnings].map(({ code, message, pos }) => {
    return { keys: [], position: positionAt(pos[0], lines), problem: IN_WORDS[code] ?? message };
  });
  if (syntax.length > 0) return unread(syntax);
  if (!isMap(document.contents)) return unread([{ keys: [], problem: 'not a mapping of keys to values' }]);
  const reading = new Reading(lines);
  const value = reading.read(document.contents, RECIPE, []);
  const locate = (spot: Spot) => spot.position ?? reading.locate(spot, text);
  return { file, bytes, value, syntax, aliases: aliasesOf(document, lines), ...reading.found, locate };
}

function aliasesOf(document: Document, lines: LineCounter): Spot[] {
  const spots: Spot[] = [];
  visit(document, {
    Alias(_, alias) {
      const position = positionAt(alias.range?.[0] ?? 0, lines);
      spots.push({ keys: [], position, problem: `*${alias.source} refers to another place` });
    },
  });
  return spots;
}

/** Turns nodes into values, and remembers where they were. */
class Reading {
  readonly found = { unknownKeys: [] as (Spot & { key: string })[], wrongCase: [] as Spot[] };
  readonly #lines: LineCounter;
  readonly #nodes = new Map<string, { readonly key: Node; readonly value: unknown }>();

  constructor(lines: LineCounter) {
    this.#lines = lines;
  }

  read(node: unknown, keys: Keys, path: KeyPath): unknown {
    if (isMap(node)) {
      const entries = node.items.map((pair) => {
        const written = isScalar(pair.key) ? String(pair.key.value) : '';
        const { name, inside } = this.#name(written, keys, path);
        const here = [...path, name];
        if (isScalar(pair.key)) this.#nodes.set(JSON.stringify(here), { key: pair.key, value: pair.value });
        return [name, this.read(pair.value, inside, here)];
      });
      return Object.fromEntries(entries);
    }
    if (isSeq(node)) {
      return node.items.map((item, at) => {
        const here = [...path, at];
        this.#nodes.set(JSON.stringify(here), { key: item as Node, value: item });
        return this.read(item, keys.each ?? {}, here);
      });
    }
    return isScalar(node) ? node.value : undefined;
  }

  #name(written: string, { fixed = {}, each, open }: Keys, path: KeyPath): { name: string; inside: Keys } {
    const known = Object.keys(fixed);
    const name = known.find((key) => key.toLowerCase() === written.toLowerCase());
    const keys = [...path, name ?? written];
    if (name !== undefined) {
      if (name !== written) this.found.wrongCase.push({ keys, problem: `${written} must be written ${name}` });
      return { name, inside: fixed[name] ?? {} };
    }
    const meant = nearest(written, known);
    if (known.length > 0 && open !== 'any' && (open === undefined || meant !== undefined)) {
      const hint = meant === undefined ? `known here: ${known.join(', ')}` : `did you mean ${meant}?`;
      this.found.unknownKeys.push({ keys, key: written, problem: `${written} means nothing here; ${hint}` });
    }
    return { name: written, inside: each ?? {} };
  }

  locate({ keys, index }: Spot, text: string): Position {
    for (let depth = keys.length; depth > 0; depth--) {
      const found = this.#nodes.get(JSON.stringify(keys.slice(0, depth)));
      if (found === undefined) continue;
      if (index !== undefined && isScalar(found.value)) return this.#inText(found.value, index, text);
      return positionAt(found.key.range?.[0] ?? 0, this.#lines);
    }
    return START;
  }

  /** A block keeps its lines, indented; in any other text an index says nothing about the place. */
  #inText(scalar: Node & { value: unknown; type?: string }, index: number, text: string): Position {
    const start = positionAt(scalar.range?.[0] ?? 0, this.#lines);
    if (scalar.type !== 'BLOCK_LITERAL') return start;
    const before = String(scalar.value).slice(0, index).split('\n');
    const line = start.line + before.length;
    const content = String(scalar.value).split('\n')[before.length - 1] ?? '';
    const indent = (text.split('\n')[line - 1] ?? '').indexOf(content);
    return { line, column: Math.max(indent, 0) + (before.at(-1) ?? '').length + 1 };
  }
}

function positionAt(offset: number, lines: LineCounter): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}
