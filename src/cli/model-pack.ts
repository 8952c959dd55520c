import { packFolder } from '../package/pack.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { anyText } from './flag-values.ts';
import { printError, printJson } from './io.ts';
import { givenPackage } from './package-folder.ts';

export type ModelPackFlags = { out: string | undefined };

/** `model pack PACKAGE`: the folder as one zip, the same bytes every time. */
export const modelPack: CliCommand<ModelPackFlags> = {
  name: 'model pack',
  summary: 'Write a model package as a zip, the same bytes every time',
  args: [{ name: '<package>', description: 'folder of a package, or the name of a shipped one' }],
  flags: [
    {
      key: 'out',
      name: '--out <file>',
      description: 'the zip to write; NAME-VERSION.zip in this folder where it is left out',
      parse: anyText,
    },
  ],
  async run({ args, flags }, io): Promise<ExitCode> {
    const packed = await packFolder(givenPackage(args[0] ?? ''), flags.out);
    if (!packed.ok) return printError(io, packed.error);
    const { file, name, version, files, bytes, sha256 } = packed.value;
    if (io.output !== 'table') printJson(io, { ok: true, ...packed.value });
    else io.stdout.write(`${name} ${version}: ${files} files, ${bytes} bytes in ${file}\nsha256 ${sha256}\n`);
    return 0;
  },
};
