import assert from 'node:assert/strict';
import { exitCodeOf, printError, printJson, printTable } from '../../../src/cli/io.ts';
import { fail } from '../../../src/domain/errors.ts';
import { capture } from './capture.ts';

describe('cli/io', () => {
  const { error } = fail('E_FILE_MISSING', 'a\u001b[2Jb');

  it('prints a table with numbers to the right and nothing behind the last column', () => {
    const { io, written } = capture('table');
    printTable(io, [
      { key: 'a', n: 5, last: 'x' },
      { key: 'long', n: 1234, last: undefined },
    ]);
    assert.equal(written.out, 'key      n  last\na        5  x\nlong  1234  -\n');
  });

  it('prints no table without rows', () => {
    const { io, written } = capture('table');
    printTable(io, []);
    assert.equal(written.out, '');
  });

  it('lets no escape sequence from outside reach the terminal', () => {
    const { io, written } = capture('table');
    printTable(io, [{ key: 'a\u001b[31m\nb' }]);
    printError(io, error);
    assert.doesNotMatch(written.out + written.err, /\p{Cc}(?<!\n)/u);
    assert.match(written.out, /a\?\[31m\?b/);
  });

  it('prints JSON on one line', () => {
    const { io, written } = capture('json');
    printJson(io, { a: [1, { b: 2 }] });
    assert.equal(written.out, '{"a":[1,{"b":2}]}\n');
  });

  it('tells a failure to people on stderr, with its hint, in color only where it is wanted', () => {
    const plain = capture('table');
    assert.equal(printError(plain.io, error), 3);
    assert.match(plain.written.err, /^E_FILE_MISSING A file .*: a\?\[2Jb\nCheck the path/);
    assert.equal(plain.written.out, '');
    const colored = capture('table');
    printError({ ...colored.io, color: true }, error);
    assert.ok(colored.written.err.startsWith('\u001b[31mE_FILE_MISSING\u001b[39m '));
  });

  it('tells a failure to programs as the one document on stdout', () => {
    for (const output of ['json', 'ndjson'] as const) {
      const { io, written } = capture(output);
      printError(io, error);
      const document = JSON.parse(written.out);
      assert.equal(document.ok, false);
      assert.deepEqual(Object.keys(document.error), ['code', 'message', 'hint']);
      assert.equal(written.err, '');
    }
  });

  it('has an exit code for each kind of failure', () => {
    const codes = (['E_CONFIG_INVALID', 'E_USAGE', 'E_BUS_UNREACHABLE', 'E_INTERNAL'] as const).map(exitCodeOf);
    assert.deepEqual(codes, [1, 2, 3, 4]);
  });
});
