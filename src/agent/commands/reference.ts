import { z } from 'zod';
import { CLOCK_SKEW_MS, ENVELOPE, MAX_COMMAND_BYTES, MAX_LIFETIME_MS } from './envelope.ts';
import { MAX_WAITING } from './executor.ts';
import { commandFilter, defaultReplyTopic } from './topics.ts';
import { LANES, type Verb } from './verb.ts';
import { VERBS } from './verbs.ts';

const REPLY_FIELDS = `
| field | meaning |
|---|---|
| id, verb, thing | of the command, and who answers |
| status | \`accepted\` (followed by one of the next two), \`succeeded\`, \`failed\`, or \`rejected\` (nothing was executed) |
| time | ISO 8601, when the reply was made |
| result | what the command answers, when it succeeded; \`model.rollout\` and \`model.rollback\` tell the outcome also when they failed |
| error | \`{code, message}\`, when it failed or was rejected; the codes are in errors.md |
| correlationId | as it was given |
| truncated | \`true\` when the result was too large to send, or to keep for a repeated command |`;

/** Renders docs/reference/commands.md from the schemas and the table of verbs. */
export function renderCommands(): string {
  return [
    '# Commands',
    'Generated from the table in src/agent/commands/verbs.ts.',
    `Publish JSON to \`${commandFilter('{thing}').replace('+', '{verb}')}\` with QoS 1, not retained, at most ${MAX_COMMAND_BYTES / 1024} KB.`,
    `Replies go to the MQTT 5 response topic with its correlation data, else to \`replyTo\`, else to
\`${defaultReplyTopic('{thing}', '{verb}')}\`. They pass the outbox: they arrive at least once, also after an offline day.
A reply topic that starts with \`$\`, that names a bus, or that devices act upon, is refused. Commands come by the bus of
\`commands.bus\` (see config.md), and are answered there.`,
    `## Envelope\n${table(ENVELOPE)}`,
    `A command is persisted, acknowledged and executed once. The same \`id\` again is answered from memory and not executed
again, also after a restart. Its memory ends ${CLOCK_SKEW_MS / 60_000} minutes after \`expiresAt\`, so a command lives for ${MAX_LIFETIME_MS / 3_600_000} hours at most.
When the agent restarts before the answer, a repeatable command is executed once more (\`model.rollout\` joins its rollout after
every restart), and any other answers \`E_COMMAND_FAILED\`.`,
    `Lanes do not wait for each other. So many commands of one lane run beside each other: ${lanes()}. Of each lane
${MAX_WAITING} more may wait; the next is rejected as \`E_COMMAND_BUSY\`.`,
    `## Reply${REPLY_FIELDS}`,
    '## Verbs',
    ...VERBS.map(renderVerb),
    '',
  ].join('\n\n');
}

function lanes(): string {
  return Object.entries(LANES)
    .map(([lane, beside]) => `${lane} ${beside}`)
    .join(', ');
}

function renderVerb({ verb, summary, lane, repeatable, deadlineMs, schema }: Verb): string {
  const facts = `Lane: ${lane}. Deadline: ${deadlineMs / 1000} s. Repeatable: ${repeatable ? 'yes' : 'no'}.`;
  const args = Object.keys(schema.shape).length === 0 ? 'No arguments.' : table(schema);
  return `### ${verb}\n${summary} ${facts}\n\n${args}`;
}

function table(schema: z.ZodObject): string {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  const rows = Object.entries(properties).map(([name, property]) => {
    const { description = '' } = typeof property === 'object' ? property : {};
    return `| ${name} | ${required.includes(name) ? 'yes' : 'no'} | ${typeOf(property)} | ${description} |`;
  });
  return ['| field | required | type | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

type JsonSchema = NonNullable<z.core.JSONSchema.BaseSchema['properties']>[string];

function typeOf(schema: JsonSchema): string {
  if (typeof schema === 'boolean') return 'any';
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ');
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${value}\``).join(', ');
  return String(schema.type ?? 'any');
}
