import { parseDuration } from '../config/parse-duration.ts';
import { fail, ok, type Result } from '../domain/errors.ts';

/** Reads a finite number within the bounds, both included. */
export function number(low: number, high: number): (text: string) => Result<number> {
  return (text) => {
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (value >= low && value <= high) return ok(value);
    return fail('E_USAGE', `${text} is not a number from ${low} to ${high}`);
  };
}

/** Reads a whole number within the bounds, both included. */
export function integer(low: number, high: number): (text: string) => Result<number> {
  const parse = number(low, high);
  return (text) => {
    const value = parse(text);
    return value.ok && !Number.isInteger(value.value) ? fail('E_USAGE', `${text} is not a whole number`) : value;
  };
}

/** Reads `500ms`, `60s`, `5m` or `1h` as milliseconds, within the bounds, both included. */
export function duration(lowMs: number, highMs: number): (text: string) => Result<number> {
  return (text) => {
    const ms = parseDuration(text);
    if (ms === undefined) return fail('E_USAGE', `${text} is not a time like 60s or 5m`);
    return ms >= lowMs && ms <= highMs ? ok(ms) : fail('E_USAGE', `${text} is not from ${lowMs} to ${highMs} ms`);
  };
}

export function oneOf<T extends string>(values: readonly T[]): (text: string) => Result<T> {
  return (text) => {
    const found = values.find((value) => value === text);
    return found === undefined ? fail('E_USAGE', `${text} is none of ${values.join(', ')}`) : ok(found);
  };
}

/** Reads `a,b,c` where each is one of `values`. */
export function listOf<T extends string>(values: readonly T[]): (text: string) => Result<readonly T[]> {
  const parse = oneOf(values);
  return (text) => {
    const found: T[] = [];
    for (const part of text.split(',')) {
      const one = parse(part.trim());
      if (!one.ok) return one;
      found.push(one.value);
    }
    return ok(found);
  };
}

export function anyText(text: string): Result<string> {
  return text === '' ? fail('E_USAGE', 'a value is empty') : ok(text);
}
