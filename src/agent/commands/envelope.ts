import { z } from 'zod';
import type { Command } from '../../domain/command.ts';
import { type Failure, fail, failure, ok, type Result } from '../../domain/errors.ts';
import type { Incoming } from '../../ports/bus.ts';
import { defaultReplyTopic, replyTopicProblem, verbOf } from './topics.ts';

/** AWS IoT takes no larger payload. */
export const MAX_COMMAND_BYTES = 128 * 1024;
/** An id that was seen is remembered for the lifetime of its command: this bounds the memory. */
export const MAX_LIFETIME_MS = 24 * 3_600_000;
/** A sender's clock may be this far ahead of the device's. */
export const CLOCK_SKEW_MS = 5 * 60_000;
/** It is kept with the command, until it is answered. */
const MAX_CORRELATION_BYTES = 256;
const MAX_TEXT = 256;
const PROBLEMS_TOLD = 3;

const id = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,128}$/, 'must be 1 to 128 letters, digits or any of _ . : -')
  .describe('unique per command; a repeated one is answered and not executed again');

const time = z.union([z.int().nonnegative(), z.iso.datetime({ offset: true }).transform((text) => Date.parse(text))]);

export const ENVELOPE = z.strictObject({
  id,
  verb: z.string().max(MAX_TEXT).describe('the same as in the topic'),
  args: z.record(z.string(), z.unknown()).default({}).describe('see the verb'),
  issuedAt: time.describe('ISO 8601 with a zone, or milliseconds since 1970; at most 5 minutes ahead of the device'),
  expiresAt: time.describe('the same; not executed from this moment on; at most 24 hours after issuedAt'),
  replyTo: z.string().max(MAX_TEXT).optional().describe('topic of the replies, unless MQTT 5 gives a response topic'),
  correlationId: z.string().max(MAX_TEXT).optional().describe('comes back in every reply'),
});

/** Where replies go, and what they carry to be recognised. */
export type ReplyTarget = {
  readonly topic: string;
  readonly correlationData: Uint8Array | undefined;
  readonly correlationId: string | undefined;
};

/** What can be told of a command even when it is refused; `id` is undefined when not even that is readable. */
export type Addressed = { readonly id: string | undefined; readonly verb: string; readonly target: ReplyTarget };

export type ReadCommand = Addressed & { readonly command: Result<Command> };

type Rules = { readonly thing: string; readonly nowMs: number; readonly forbiddenReplies: readonly string[] };

/** Reads a command and everything about it that does not depend on the verbs. */
export function readCommand(message: Incoming, rules: Rules): ReadCommand {
  const verb = verbOf(message.topic);
  const document = parse(message.payload);
  const loose = document.ok ? readLoosely(document.value) : {};
  const topic = message.responseTopic ?? loose.replyTo;
  const problem = topic === undefined ? undefined : replyTopicProblem(topic, rules.forbiddenReplies);
  const tooMuch = (message.correlationData?.length ?? 0) > MAX_CORRELATION_BYTES;
  const target: ReplyTarget = {
    topic: topic === undefined || problem !== undefined ? defaultReplyTopic(rules.thing, verb) : topic,
    // The payload, and what belongs to it, is the bus's again after the call.
    correlationData: tooMuch || message.correlationData === undefined ? undefined : message.correlationData.slice(),
    correlationId: loose.correlationId,
  };
  const refused = (error: Failure): ReadCommand => ({ id: loose.id, verb, target, command: { ok: false, error } });

  if (!document.ok) return refused(document.error);
  if (problem !== undefined) return refused(malformed(`the reply topic ${problem}`));
  if (tooMuch) return refused(malformed(`the correlation data is larger than ${MAX_CORRELATION_BYTES} bytes`));
  const parsed = ENVELOPE.safeParse(document.value);
  if (!parsed.success) return refused(malformed(problemsOf(parsed.error)));
  const { replyTo, correlationId, ...rest } = parsed.data;
  const command: Command = { ...rest, replyTo, correlationId };
  if (command.verb !== verb) return refused(malformed('verb is not the one of the topic'));
  const untimely = timeProblem(command, rules.nowMs);
  return untimely === undefined ? { id: command.id, verb, target, command: ok(command) } : refused(untimely);
}

/** The first problems of a schema, each with its path, on one line. */
export function problemsOf(error: z.ZodError): string {
  return error.issues
    .slice(0, PROBLEMS_TOLD)
    .map((issue) => (issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`))
    .join('; ')
    .slice(0, MAX_TEXT);
}

function parse(payload: Uint8Array): Result<unknown> {
  if (payload.length > MAX_COMMAND_BYTES) return fail('E_COMMAND_MALFORMED', `larger than ${MAX_COMMAND_BYTES} bytes`);
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)));
  } catch (error) {
    return fail('E_COMMAND_MALFORMED', 'not JSON in UTF-8', error);
  }
}

const LOOSE = z.object({
  id: id.optional().catch(undefined),
  replyTo: z.string().optional().catch(undefined),
  correlationId: z.string().max(MAX_TEXT).optional().catch(undefined),
});

function readLoosely(document: unknown): z.infer<typeof LOOSE> {
  const read = LOOSE.safeParse(document);
  return read.success ? read.data : {};
}

function timeProblem({ issuedAt, expiresAt }: Command, nowMs: number): Failure | undefined {
  if (expiresAt <= issuedAt) return malformed('expiresAt is not after issuedAt');
  if (expiresAt - issuedAt > MAX_LIFETIME_MS) return malformed('it lives for more than 24 hours');
  if (issuedAt > nowMs + CLOCK_SKEW_MS) return failure('E_COMMAND_FUTURE', `by ${issuedAt - nowMs} ms`);
  if (nowMs >= expiresAt) return failure('E_COMMAND_EXPIRED', `${nowMs - expiresAt} ms ago`);
  return undefined;
}

function malformed(detail: string): Failure {
  return failure('E_COMMAND_MALFORMED', detail);
}
