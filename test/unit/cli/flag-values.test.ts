import assert from 'node:assert/strict';
import { anyText, duration, integer, listOf, number, oneOf } from '../../../src/cli/flag-values.ts';
import type { Result } from '../../../src/domain/errors.ts';

/** Each text of the first list gives the value beside it; each of the second is refused as usage. */
function check<T>(parse: (text: string) => Result<T>, good: readonly [string, T][], bad: readonly string[]): void {
  for (const [text, value] of good) assert.deepEqual(parse(text), { ok: true, value });
  for (const text of bad) {
    const parsed = parse(text);
    assert.equal(!parsed.ok && parsed.error.code, 'E_USAGE', `"${text}" was read`);
  }
}

describe('cli/flag-values', () => {
  it('reads numbers within their bounds', () => {
    check(
      number(0, 2),
      [
        ['0', 0],
        ['1.5', 1.5],
        ['2', 2],
      ],
      ['', ' ', '-0.1', '2.1', 'x', '1x', 'NaN', 'Infinity'],
    );
  });

  it('reads whole numbers', () => {
    check(
      integer(1, 9),
      [
        ['1', 1],
        ['9', 9],
      ],
      ['0', '10', '1.5', ''],
    );
  });

  it('reads times with a unit, in milliseconds', () => {
    check(
      duration(100, 60_000),
      [
        ['500ms', 500],
        ['1m', 60_000],
      ],
      ['5', '50ms', '61s', '1y', ''],
    );
  });

  it('reads one of several words', () => {
    check(oneOf(['a', 'b']), [['a', 'a']], ['c', 'A', '']);
  });

  it('reads a list of words, each of them known', () => {
    check(
      listOf(['a', 'b']),
      [
        ['a', ['a']],
        ['b, a,b', ['b', 'a', 'b']],
      ],
      ['', 'a,', 'a,c'],
    );
  });

  it('reads any text but none', () => {
    check(anyText, [['x y', 'x y']], ['']);
  });
});
