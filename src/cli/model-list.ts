import { resolve } from 'node:path';
import { listPackages } from '../package/list.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { printError, printJson, printProgress, printTable } from './io.ts';
import { packageFolder } from './package-folder.ts';

/** The folder of the shipped packages: the one whose names need no slash. */
const SHIPPED = packageFolder('');

/** `model list [FOLDER]`: the packages under a folder. Exits 1 when one of them cannot be used. */
export const modelList: CliCommand<Record<never, never>> = {
  name: 'model list',
  summary: 'List the model packages under a folder',
  args: [{ name: '[folder]', description: 'where to look; the shipped packages where it is left out' }],
  flags: [],
  async run({ args }, io): Promise<ExitCode> {
    const listed = await listPackages(args[0] === undefined ? SHIPPED : resolve(args[0]));
    if (!listed.ok) return printError(io, listed.error);
    const { packages, problems } = listed.value;
    const failures = problems.map(({ folder, error: { code, message } }) => ({ folder, code, message }));
    if (io.output !== 'table') printJson(io, { ok: problems.length === 0, packages, problems: failures });
    else {
      printTable(
        io,
        packages.map(({ variants, ...each }) => ({ ...each, variants: variants.join(', ') })),
      );
      for (const { folder, message } of failures) printProgress(io, `${folder}: ${message}`);
    }
    return problems.length === 0 ? 0 : 1;
  },
};
