import type { Rule } from './rule.ts';
import { RULES } from './rules.ts';

const NUCLEI: Readonly<Record<Rule['nuclei'], string>> = { classic: 'classic', lite: 'lite', both: 'classic, lite' };

/** Renders docs/reference/component-lint.md from the rules. */
export function renderLintRules(): string {
  return [
    '# Rules of `component lint`',
    '<!-- Written by `npm run docs` from src/component/lint/rules: change it there. -->',
    `\`openclaw-edge component lint FILE...\` holds recipes against ${RULES.length} rules. Each stands for something that goes wrong on a
device: on Greengrass nucleus (classic), on nucleus lite, or on both. Several versions of one component are held against each
other as well. A warning means that it works, and that somebody will be sorry. Exit code 0: clean; 1: findings; 2: usage; 3: a
file is missing. The source of a rule names the file of the nucleus that it rests on.`,
    ...RULES.map(section),
    '',
  ].join('\n\n');
}

function section({ id, nuclei, severity, explanation, mend }: Rule): string {
  return `## ${id}\n\n*${severity}; ${NUCLEI[nuclei]}*\n\n${explanation}\n\n${mend}`;
}
