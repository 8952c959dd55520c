import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { renderCommands } from '../src/agent/commands/reference.ts';
import { renderMetrics } from '../src/agent/metrics-reference.ts';
import { COMMANDS } from '../src/cli.ts';
import { renderLintRules } from '../src/component/lint/reference.ts';
import { configJsonSchema, type FieldRow, fieldRows, type JsonSchema } from '../src/config/json-schema.ts';
import { ERRORS } from '../src/domain/errors.ts';
import { renderRollouts } from '../src/rollout/draw.ts';

/**
 * Writes the reference from the tables that the code runs on. `--check` writes nothing, and fails when a file is stale.
 * A new table is one more line in PAGES.
 */
type Page = { readonly file: string; readonly render: () => string | Promise<string> };

const PAGES: readonly Page[] = [
  { file: 'docs/reference/config.schema.json', render: () => `${JSON.stringify(configJsonSchema(), undefined, 2)}\n` },
  { file: 'docs/reference/config.md', render: configPage },
  { file: 'docs/reference/errors.md', render: errorsPage },
  { file: 'docs/reference/commands.md', render: renderCommands },
  { file: 'docs/reference/metrics.md', render: renderMetrics },
  { file: 'docs/reference/cli.md', render: cliPage },
  { file: 'docs/reference/component-lint.md', render: renderLintRules },
  { file: 'docs/guide/rollouts.md', render: renderRollouts },
];

async function cliPage(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  const sections = commands.map(({ name, summary, args, flags }) => {
    const usage = ['openclaw-edge', name, ...args.map((arg) => arg.name), flags.length > 0 ? '[options]' : '']
      .join(' ')
      .trimEnd();
    const rows = [
      ...args.map((arg) => [code(arg.name), arg.description, '']),
      ...flags.map((flag) => [
        code(flag.name),
        flag.description,
        flag.default === undefined ? '' : code(flag.defaultText ?? String(flag.default)),
      ]),
    ];
    const rest = rows.length > 0 ? `\n\n${table(['', 'Meaning', 'Default'], rows)}` : '';
    return `## ${name}\n\n${summary}.\n\n    ${usage}${rest}\n`;
  });
  return `# Command line

<!-- Written by \`npm run docs\` from the commands' own tables. -->

Every command takes \`-o, --output table|json|ndjson\`. Data goes to stdout (one document for \`json\`), progress and logs to stderr.
Errors in \`json\` are \`{"ok": false, "error": {"code", "message", "hint"}}\`. Exit codes: 0 fine, 1 found problems, 2 usage, 3
something that is needed is missing, 4 internal; of \`agent run\` in a Greengrass component also 75: start it again, its configuration is new.

${sections.join('\n')}`;
}

function configPage(): string {
  const rows = fieldRows().map(({ path, schema, required }) => [
    code(path),
    typeOf(schema),
    required ? '**required**' : defaultOf(schema),
    schema.description ?? '',
    reloads({ path, schema, required }),
  ]);
  return page(
    'Configuration',
    'One YAML 1.2 file. `agents[]` means: in every item of the list `agents`. Unknown keys are refused, and so is what cannot be honoured. A duration has its unit (`500ms`, `5s`, `2m`, `1h`, `7d`; only `0` needs none); so has a size (`4GB` is 4 x 10^9 bytes, `4GiB` is 4 x 2^30), and a number alone is bytes. Relative paths start at the folder of the file. An editor that knows [config.schema.json](config.schema.json) completes and checks while you type; `openclaw-edge agent check FILE` tells every problem.',
    ['Field', 'Type', 'Default', 'Meaning', 'Reload'],
    rows,
  );
}

/** Sections have no value of their own that could change. */
function reloads({ schema }: FieldRow): string {
  if (schema.properties !== undefined || schema.items?.properties !== undefined) return '';
  return schema.reloadable === true ? 'yes' : 'restart';
}

function typeOf(schema: JsonSchema): string {
  if (schema.unit === 'duration' || schema.unit === 'size') return schema.unit;
  // A value that YAML reads as a number when it is not quoted stands there twice.
  if (schema.enum !== undefined) return [...new Set(schema.enum.map((value) => code(String(value))))].join(', ');
  if (schema.const !== undefined) return code(String(schema.const));
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.type === 'array')
    return schema.items?.properties ? 'list of sections' : `list of ${typeOf(schema.items ?? {})}`;
  if (schema.type === 'object') return 'section';
  const type = [schema.type ?? []].flat().map(typeName).join(' or ');
  return schema.unit === undefined ? type : `${type}, ${schema.unit}`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  boolean: '`true`, `false`',
};

function typeName(type: string): string {
  return TYPE_NAMES[type] ?? type;
}

function defaultOf(schema: JsonSchema): string {
  const isSection = schema.properties !== undefined && JSON.stringify(schema.default) === '{}';
  if (schema.default === undefined || isSection) return '';
  return code(typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default));
}

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(([name, { message, hint, retryable }]) => [
    code(name),
    message,
    hint,
    retryable ? 'yes' : 'no',
  ]);
  return page(
    'Errors',
    'Codes are stable: scripts and dashboards may match on them. The message names what happened this time as well. Retried: the agent tries again by itself.',
    ['Code', 'Message', 'What to do', 'Retried'],
    rows,
  );
}

function page(title: string, intro: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  return `# ${title}\n\n<!-- Written by \`npm run docs\` from the code: change it there. -->\n\n${intro}\n\n${table(head, rows)}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function code(text: string): string {
  return `\`${text}\``;
}

const root = resolve(import.meta.dirname, '..');
const checkOnly = process.argv.includes('--check');
const stale: string[] = [];
for (const { file, render } of PAGES) {
  const path = resolve(root, file);
  const text = await render();
  if (text === read(path)) continue;
  stale.push(file);
  if (checkOnly) continue;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

if (checkOnly && stale.length > 0) {
  console.error(`stale, run \`npm run docs\`:\n${stale.map((file) => `  ${file}`).join('\n')}`);
  process.exitCode = 1;
} else if (stale.length > 0) console.error(`written: ${stale.join(', ')}`);

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  }
}
