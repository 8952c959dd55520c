import type { Result } from '../domain/errors.ts';
import type { Io } from './io.ts';

/**
 * 0 fine, 1 found problems, 2 usage, 3 something that is needed is missing, 4 internal. 75 (EX_TEMPFAIL of sysexits.h), of
 * `agent run` as a component only: start me again, there is a new configuration.
 */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 75;

/** A positional argument. `name` as commander writes it: `<config>` is required, `[config]` is not. */
export type Argument = { readonly name: string; readonly description: string };

/**
 * One flag. `key` is its field in the input of `run`, and what commander derives from the long name (`--batch-size` is
 * batchSize). A flag with a value has a `parse`; one without is a switch, and its default is false. A flag with neither
 * default nor value on the command line is undefined.
 */
export type Flag<F = Record<string, unknown>> = {
  [K in keyof F & string]: {
    readonly key: K;
    /** As commander writes it: `--rate <x>`, `-o, --output <format>`, `--yes`. */
    readonly name: string;
    readonly description: string;
    readonly default?: F[K];
    /** How the default reads in help and docs, where the value itself does not say it (`60s` for 60000). */
    readonly defaultText?: string;
    readonly parse?: (text: string) => Result<NonNullable<F[K]>>;
  };
}[keyof F & string];

export type CommandInput<F> = { readonly args: readonly string[]; readonly flags: Readonly<F> };

/**
 * One command: all that the command line, its help and docs/reference/cli.md need. `run` writes data to stdout and
 * progress to stderr, ends soon after `io.signal` is aborted, and never calls process.exit. An expected failure goes
 * through `printError`; what it throws is a bug, and becomes exit code 4.
 */
export type CliCommand<F = Record<string, unknown>> = {
  /** NOUN VERB, or one word. */
  readonly name: string;
  /** One line, as in a list of commands. */
  readonly summary: string;
  readonly args: readonly Argument[];
  readonly flags: readonly Flag<F>[];
  run(input: CommandInput<F>, io: Io): Promise<ExitCode>;
};
