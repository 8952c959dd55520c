import { resolve } from 'node:path';
import { rotateTrust } from '../package/rotate.ts';
import { replaceFile } from '../package/sign.ts';
import { loadTrust } from '../package/trust.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { printError, printJson, printProgress } from './io.ts';

/** `trust rotate CURRENT NEXT`: replaces the trust root of this device by the next one, if both agree. */
export const trustRotate: CliCommand<Record<never, never>> = {
  name: 'trust rotate',
  summary: 'Replace a trust root by the next version, signed by old and new keys',
  args: [
    { name: '<current>', description: 'trust root of this device; it is replaced' },
    { name: '<next>', description: 'trust root that follows' },
  ],
  flags: [],
  async run({ args }, io): Promise<ExitCode> {
    const path = resolve(args[0] ?? '');
    const current = await loadTrust(path);
    if (!current.ok) return printError(io, current.error);
    const next = await loadTrust(resolve(args[1] ?? ''));
    if (!next.ok) return printError(io, next.error);
    const rotated = rotateTrust(current.value, next.value);
    if (!rotated.ok) return printError(io, rotated.error);
    await replaceFile(path, `${JSON.stringify(rotated.value.document, undefined, 2)}\n`);
    const { version } = rotated.value;
    if (io.output === 'table') printProgress(io, `${path} is now version ${version}`);
    else printJson(io, { ok: true, version });
    return 0;
  },
};
