import { type Failure, failure } from '../domain/errors.ts';
import type { Config } from './config.ts';
import { configForm } from './form.ts';
import { freeze } from './freeze.ts';
import { describeIssue, MAX_PROBLEMS, type Problem, toProblems } from './problems.ts';
import { readYaml, type YamlText } from './read-yaml.ts';
import { toConfig } from './to-config.ts';

export type Checked =
  | { readonly ok: true; readonly value: Config }
  /** `problems` holds the first hundred; `error` says how many there are. */
  | { readonly ok: false; readonly error: Failure; readonly problems: readonly Problem[] };

/** Reads the text of a configuration file (YAML, so JSON too): a frozen Config, or every problem at once. */
export function parseConfig(text: string): Checked {
  const yaml = readYaml(text);
  return 'problems' in yaml
    ? refused(yaml.problems.slice(0, MAX_PROBLEMS), yaml.problems.length)
    : checkConfig(yaml.value, yaml.locate);
}

/** Checks a configuration that is already data, as Greengrass gives it. */
export function checkConfig(data: unknown, locate: YamlText['locate'] = () => undefined): Checked {
  const parsed = configForm.safeParse(data, { error: describeIssue });
  if (parsed.success) return { ok: true, value: freeze(toConfig(parsed.data)) };
  const { located, count } = toProblems(parsed.error.issues);
  return refused(located.map(({ problem, keys }) => ({ ...problem, ...locate(keys) })).sort(asRead), count);
}

function asRead(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

/** The code of them all: unsupported only when nothing else is wrong, so that the right page of the manual is opened. */
function refused(problems: readonly Problem[], count: number): Checked {
  const [first] = problems;
  const code = problems.find((problem) => problem.code !== 'E_CONFIG_UNSUPPORTED')?.code ?? 'E_CONFIG_UNSUPPORTED';
  return { ok: false, error: failure(code, first && summary(first, count)), problems };
}

function summary(first: Problem, count: number): string {
  const more = count === 1 ? '' : ` (and ${count - 1} more)`;
  return `${where(first)} ${first.problem}${more}`;
}

function where({ path, line, column }: Problem): string {
  if (path !== '') return path;
  return line === undefined ? 'the file' : `line ${line}, column ${column}:`;
}
