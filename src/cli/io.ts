import { ERRORS, type ErrorCode, type Failure } from '../domain/errors.ts';
import type { ExitCode } from './command.ts';

export const OUTPUTS = ['table', 'json', 'ndjson'] as const;
export type Output = (typeof OUTPUTS)[number];

export type TextSink = { write(text: string): void };

/** The outside of a command: injected, so that tests read what it prints. */
export type Io = {
  /** Data, and nothing else. */
  readonly stdout: TextSink;
  /** Progress, logs, and errors for people. */
  readonly stderr: TextSink;
  /** A person watches stderr: lines may be redrawn. */
  readonly isTTY: boolean;
  /** False under NO_COLOR (no-color.org), and without a terminal. */
  readonly color: boolean;
  readonly output: Output;
  readonly signal: AbortSignal;
};

export type Row = Readonly<Record<string, string | number | boolean | undefined>>;

/** Prints rows under their field names; numbers stand to the right. */
export function printTable(io: Io, rows: readonly Row[]): void {
  const columns = Object.keys(rows[0] ?? {});
  const cells = rows.map((row) => columns.map((column) => plain(String(row[column] ?? '-'))));
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((line) => line[i]?.length ?? 0)));
  const right = columns.map((column) => rows.every((row) => typeof (row[column] ?? 0) === 'number'));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, i) => (right[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd();
  if (columns.length > 0) io.stdout.write(`${[columns, ...cells].map(line).join('\n')}\n`);
}

/** Keys and labels come from outside: an escape sequence in one must not reach the terminal. */
function plain(text: string): string {
  return text.replace(/\p{Cc}/gu, '?');
}

/** Prints one JSON document on one line, so that `| tail -1` finds it whole. */
export function printJson(io: Io, value: unknown): void {
  io.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Tells one line of progress to people. Programs that asked for JSON find it on stderr too. */
export function printProgress(io: Io, text: string): void {
  io.stderr.write(`${text}\n`);
}

/** Prints an expected failure and gives the exit code that belongs to it. */
export function printError(io: Io, failed: Failure): ExitCode {
  const hint = ERRORS[failed.code].hint;
  if (io.output === 'table') {
    const label = io.color ? `\u001b[31m${failed.code}\u001b[39m` : failed.code;
    io.stderr.write(`${label} ${plain(failed.message)}\n${hint}\n`);
  } else {
    printJson(io, { ok: false, error: { code: failed.code, message: failed.message, hint } });
  }
  return exitCodeOf(failed.code);
}

const EXIT_CODES: Partial<Record<ErrorCode, ExitCode>> = {
  E_USAGE: 2,
  E_FILE_MISSING: 3,
  E_MODEL_MISSING: 3,
  E_BUS_UNREACHABLE: 3,
  E_AGENT_UNREACHABLE: 3,
  E_NUCLEUS_UNREACHABLE: 3,
  E_DEVICE_UNAVAILABLE: 3,
  E_SANDBOX_UNAVAILABLE: 3,
  E_NODE_UNAVAILABLE: 3,
  E_INTERNAL: 4,
};

export function exitCodeOf(code: ErrorCode): ExitCode {
  return EXIT_CODES[code] ?? 1;
}
