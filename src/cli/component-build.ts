import { relative, resolve } from 'node:path';
import { ARCHITECTURES, type Architecture } from '../component/build/architecture.ts';
import { COMPONENTS } from '../component/build/components.ts';
import { fail, ok, type Result } from '../domain/errors.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { anyText } from './flag-values.ts';
import { printError, printJson, printProgress, printTable } from './io.ts';

export type ComponentBuildFlags = {
  out: string;
  component: readonly string[];
  arch: readonly Architecture[];
};

const ROOT = resolve(import.meta.dirname, '../..');

/** `component build`: recipes and artifacts as Greengrass takes them. */
export const componentBuild: CliCommand<ComponentBuildFlags> = {
  name: 'component build',
  summary: 'Build the Greengrass components: recipes, archives, bills of materials; the same bytes every time',
  args: [],
  flags: [
    {
      key: 'out',
      name: '--out <folder>',
      description: 'where recipes/ and artifacts/ are written',
      default: 'greengrass-build',
      parse: anyText,
    },
    {
      key: 'component',
      name: '--component <names>',
      description: `which, with commas between: ${COMPONENTS.join(', ')}`,
      default: COMPONENTS,
      defaultText: 'all',
      parse: namesOf(COMPONENTS),
    },
    {
      key: 'arch',
      name: '--arch <names>',
      description: `for which machines the agent, with commas between: ${ARCHITECTURES.join(', ')}`,
      default: ARCHITECTURES,
      defaultText: 'all',
      parse: namesOf(ARCHITECTURES),
    },
  ],
  async run({ flags }, io): Promise<ExitCode> {
    const { buildComponents } = await import('../component/build/build.ts');
    const built = await buildComponents({
      root: ROOT,
      out: resolve(flags.out),
      components: flags.component,
      architectures: flags.arch,
      progress: (line) => printProgress(io, line),
      signal: io.signal,
    });
    if (!built.ok) return printError(io, built.error);
    const files = built.value.map(({ file, bytes, sha256 }) => ({
      file: relative(process.cwd(), file),
      bytes,
      sha256,
    }));
    if (io.output === 'table') printTable(io, files);
    else printJson(io, { ok: true, files });
    return 0;
  },
};

/** Some of a list, in its order. */
function namesOf<T extends string>(known: readonly T[]): (text: string) => Result<readonly T[]> {
  return (text) => {
    const wanted = text.split(',').map((name) => name.trim());
    const unknown = wanted.filter((name) => !known.some((one) => one === name));
    if (unknown.length > 0) return fail('E_USAGE', `${unknown.join(', ')} is none of ${known.join(', ')}`);
    return ok(known.filter((one) => wanted.includes(one)));
  };
}
