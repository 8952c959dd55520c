import { ERRORS, type Failure } from '../domain/errors.ts';
import type { ControlAnswer } from '../ports/control-server.ts';
import type { ExitCode } from './command.ts';
import { type Io, printError, printJson, printTable, type Row } from './io.ts';

/** How the change of one agent's model ended. */
export type Verdict = {
  /** Of the request. */
  readonly id: string;
  /** Undefined: the device's only agent. */
  readonly agent: string | undefined;
  readonly answer: ControlAnswer;
};

type Fields = Readonly<Record<string, unknown>>;

/** Prints how one change ended. Whatever the code of a failure, it was tried, and it is the model that is not active: 1. */
export function printVerdict(io: Io, verdict: Verdict): ExitCode {
  const { answer } = verdict;
  const fields = fieldsOf(answer);
  if (fields === undefined && !answer.ok) return printError(io, answer.error);
  if (io.output !== 'table') printJson(io, toJson(verdict));
  else {
    printTable(io, [rowOf(verdict)]);
    if (!answer.ok) printError(io, answer.error);
  }
  return answer.ok ? 0 : 1;
}

/** Prints how the changes of several agents ended; 0 only when all of them are done. */
export function printVerdicts(io: Io, model: string, verdicts: readonly Verdict[]): ExitCode {
  const allOk = verdicts.every(({ answer }) => answer.ok);
  if (io.output !== 'table') printJson(io, { ok: allOk, model, rollouts: verdicts.map(toJson) });
  else {
    printTable(io, verdicts.map(rowOf));
    for (const { agent, answer } of verdicts) {
      if (!answer.ok) printError(io, { ...answer.error, message: `${agent}: ${answer.error.message}` });
    }
  }
  return allOk ? 0 : 1;
}

function fieldsOf(answer: ControlAnswer): Fields | undefined {
  return (answer.ok ? (answer.value ?? {}) : answer.result) as Fields | undefined;
}

function toJson({ id, agent, answer }: Verdict): object {
  const error = answer.ok ? undefined : { ...plain(answer.error), hint: ERRORS[answer.error.code].hint };
  return { ok: answer.ok, id, agent, ...fieldsOf(answer), error };
}

function rowOf({ id, agent, answer }: Verdict): Row {
  const fields = fieldsOf(answer) ?? {};
  const name = text(fields['agent']) ?? agent;
  if (answer.ok && fields['outcome'] === undefined) return { agent: name, state: text(fields['state']), id };
  const { version, outcome, from, active, durationMs } = fields;
  const seconds = typeof durationMs === 'number' ? Math.round(durationMs / 100) / 10 : undefined;
  return {
    ...{ agent: name, version: text(version), outcome: text(outcome) ?? 'failed' },
    ...{ from: text(from), active: text(active), seconds },
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function plain({ code, message }: Failure) {
  return { code, message };
}
