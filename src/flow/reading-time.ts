import type { InputSpec } from '../domain/agent-spec.ts';
import { compilePointer } from './pointer.ts';

const YEAR_2000 = Date.UTC(2000, 0, 1);
const YEAR_2100 = Date.UTC(2100, 0, 1);

const MS_PER = { s: 1000, ms: 1, us: 0.001 } as const;

/** RFC 3339 with a zone: without one, a time means something else on every device. */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

/** Builds the reader of one input's time, in milliseconds since 1970 UTC; undefined where messages carry none. */
export function makeTimeReader(input: InputSpec): ((document: unknown) => number | undefined) | undefined {
  if (input.time === undefined) return undefined;
  const find = compilePointer(input.time.pointer);
  const { unit } = input.time;
  const toMs =
    unit === 'iso' ? fromText : (raw: unknown) => (typeof raw === 'number' ? raw * MS_PER[unit] : Number.NaN);
  return (document) => {
    const timeMs = toMs(find(document));
    return timeMs >= YEAR_2000 && timeMs <= YEAR_2100 ? timeMs : undefined; // NaN fails both
  };
}

function fromText(raw: unknown): number {
  return typeof raw === 'string' && RFC_3339.test(raw) ? Date.parse(raw) : Number.NaN;
}
