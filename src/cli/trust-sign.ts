import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fail } from '../domain/errors.ts';
import { signTrust } from '../package/rotate.ts';
import { replaceFile } from '../package/sign.ts';
import { loadTrust } from '../package/trust.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { anyText } from './flag-values.ts';
import { printError, printJson, printProgress } from './io.ts';

export type TrustSignFlags = { key: string | undefined };

/** `trust sign FILE --key KEY`: agrees to a new trust root, as a holder of an old or a new key. */
export const trustSign: CliCommand<TrustSignFlags> = {
  name: 'trust sign',
  summary: 'Add a signature to a trust root, so that it can follow the old one',
  args: [{ name: '<file>', description: 'trust root to sign' }],
  flags: [{ key: 'key', name: '--key <file>', description: 'private key in PEM; required', parse: anyText }],
  async run({ args, flags }, io): Promise<ExitCode> {
    if (flags.key === undefined) return printError(io, fail('E_USAGE', '--key is missing').error);
    const path = resolve(args[0] ?? '');
    const root = await loadTrust(path);
    if (!root.ok) return printError(io, root.error);
    const key = await readFile(flags.key, 'utf8').catch(() => undefined);
    if (key === undefined) return printError(io, fail('E_FILE_MISSING', flags.key).error);
    const signed = signTrust(root.value, key);
    if (!signed.ok) return printError(io, signed.error);
    await replaceFile(path, `${JSON.stringify(signed.value, undefined, 2)}\n`);
    const signatures = signed.value.signatures?.length ?? 0;
    if (io.output === 'table') printProgress(io, `version ${signed.value.version} has ${signatures} signatures`);
    else printJson(io, { ok: true, version: signed.value.version, signatures });
    return 0;
  },
};
