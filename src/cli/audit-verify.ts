import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { failure } from '../domain/errors.ts';
import type { AuditVerdict } from '../ports/audit.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { printError, printJson, printTable } from './io.ts';

/** `audit verify FILE`: whether an entry of a device's audit log was changed, or taken out. `follow` needs an adapter. */
export function auditVerify(follow: (file: string) => Promise<AuditVerdict>): CliCommand<Record<never, never>> {
  return {
    name: 'audit verify',
    summary: 'Find out whether an entry of an audit log was changed or taken out',
    args: [
      { name: '<file>', description: 'audit.jsonl in the state folder of a device; the older file beside it counts' },
    ],
    flags: [],
    async run({ args }, io): Promise<ExitCode> {
      const file = resolve(args[0] ?? '');
      if (!existsSync(file)) return printError(io, failure('E_FILE_MISSING', file));
      const verdict = await follow(file);
      if (!verdict.ok) {
        return printError(io, failure('E_AUDIT_BROKEN', `${verdict.file}:${verdict.line} ${verdict.reason}`));
      }
      const { entries, lastHash, torn } = verdict;
      if (io.output === 'table') printTable(io, [{ entries, lastHash, end: torn ? 'half a line' : 'whole' }]);
      else printJson(io, { ok: true, entries, lastHash, torn });
      return 0;
    },
  };
}
