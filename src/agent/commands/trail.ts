import type { Failure } from '../../domain/errors.ts';
import type { Route } from '../../domain/route.ts';
import type { AuditEntry } from '../../ports/audit.ts';

/** Paths and reasons from outside are told in part: an entry of the audit log is small. */
const MAX_FACT = 256;

/** Arguments worth keeping for years; the others are figures, or long. */
const KEPT_ARGS = ['agent', 'source', 'force', 'for', 'level'] as const;

export type CommandFacts = {
  readonly id: string | undefined;
  readonly verb: string;
  /** Where it came from: a bus, the control socket of this machine, or the inbox. */
  readonly by: 'mqtt' | 'local' | 'inbox';
  /** Which bus, where it was chosen. */
  readonly bus?: Route | undefined;
  readonly status: 'accepted' | 'rejected' | 'succeeded' | 'failed';
  readonly args?: Readonly<Record<string, unknown>> | undefined;
  readonly error?: Pick<Failure, 'code' | 'message'> | undefined;
};

/** Writes one step of a command for the audit log. */
export function auditCommand(at: number, { args = {}, error, ...told }: CommandFacts): AuditEntry {
  const asked = Object.fromEntries(KEPT_ARGS.map((name) => [`args.${name}`, args[name]]));
  const facts: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries({ ...told, code: error?.code, reason: error?.message, ...asked })) {
    if (typeof value === 'string') facts[name] = value.slice(0, MAX_FACT);
    else if (typeof value === 'number' || typeof value === 'boolean') facts[name] = value;
  }
  return { at, event: 'command', facts };
}
