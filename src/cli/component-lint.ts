import { readFile } from 'node:fs/promises';
import { type Finding, lint } from '../component/lint/lint.ts';
import { type Recipe, readRecipe } from '../component/recipe.ts';
import { failure } from '../domain/errors.ts';
import type { CliCommand, ExitCode } from './command.ts';
import { type Io, printError, printJson } from './io.ts';

/** `component lint FILE...`: what would go wrong with these recipes, on which nucleus, why, and what to write instead. */
export const componentLint: CliCommand<Record<never, never>> = {
  name: 'component lint',
  summary: 'Find out what would go wrong with Greengrass recipes, on either nucleus',
  args: [{ name: '<recipe...>', description: 'recipes in YAML or JSON; versions of one component are compared' }],
  flags: [],
  async run({ args }, io): Promise<ExitCode> {
    const recipes: Recipe[] = [];
    for (const file of args) {
      const text = await readFile(file, 'utf8').catch(() => undefined);
      if (text === undefined) return printError(io, failure('E_FILE_MISSING', file));
      recipes.push(readRecipe(file, text));
    }
    const findings = lint(recipes);
    print(findings, recipes.length, io);
    return findings.length > 0 ? 1 : 0;
  },
};

function print(findings: readonly Finding[], recipes: number, io: Io): void {
  if (io.output === 'json') printJson(io, { ok: findings.length === 0, recipes, findings });
  else if (io.output === 'ndjson') for (const finding of findings) printJson(io, finding);
  else printText(findings, recipes, io);
}

function printText(findings: readonly Finding[], recipes: number, io: Io): void {
  for (const finding of findings) io.stdout.write(`${paragraph(finding)}\n\n`);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const of = `${recipes} ${recipes === 1 ? 'recipe' : 'recipes'}`;
  io.stdout.write(
    `${of}: ${findings.length === 0 ? 'clean' : `${errors} errors, ${findings.length - errors} warnings`}\n`,
  );
}

/** The first line is what editors and CI make a link of. */
function paragraph({ file, line, column, severity, nuclei, rule, problem, explanation, mend }: Finding): string {
  const where = nuclei === 'both' ? 'classic and lite' : nuclei;
  const first = `${file}:${line}:${column} ${severity} ${rule} (${where}): ${problem}`;
  return [first, `  ${explanation}`, `  ${mend}`].map((text) => text.replace(/\p{Cc}/gu, '?')).join('\n');
}
