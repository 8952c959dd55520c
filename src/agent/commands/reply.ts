import type { Reply, ReplyStatus } from '../../domain/command.ts';
import type { Failure } from '../../domain/errors.ts';
import type { OutMessage } from '../../domain/message.ts';
import { joinRoute, type Route } from '../../domain/route.ts';
import { MAX_COMMAND_BYTES, type ReplyTarget } from './envelope.ts';

export type ReplyContent = {
  readonly id: string;
  readonly verb: string;
  readonly status: ReplyStatus;
  readonly thing: string;
  readonly nowMs: number;
  readonly correlationId: string | undefined;
  readonly result?: unknown;
  readonly error?: Failure | undefined;
};

/** Makes the reply, with nothing in it but what JSON can say. A result that is too large to send is left out. */
export function makeReply({ nowMs, correlationId, result, error, ...rest }: ReplyContent): Reply {
  const plain = result === undefined ? undefined : jsonOf(result);
  const tooLarge = plain !== undefined && Buffer.byteLength(plain) > MAX_RESULT_BYTES;
  return {
    ...rest,
    time: new Date(nowMs).toISOString(),
    ...(plain === undefined || tooLarge ? {} : { result: JSON.parse(plain) }),
    ...(tooLarge ? { truncated: true } : {}),
    ...(error === undefined ? {} : { error: { code: error.code, message: error.message } }),
    ...(correlationId === undefined ? {} : { correlationId }),
  };
}

/** Room for the envelope around it. */
const MAX_RESULT_BYTES = MAX_COMMAND_BYTES - 4_096;

/** The message that carries it, on the bus of commands. Its id is stable, so a reply that waits in the outbox is not queued again. */
export function replyMessage(
  reply: Reply,
  { topic: onBus, correlationData }: ReplyTarget,
  route: Route | undefined,
): OutMessage {
  const topic = route === undefined ? onBus : joinRoute(route, onBus);
  const payload = Buffer.from(JSON.stringify(reply));
  return { id: `cmd/${reply.id}/${reply.status}`, class: 'reply', topic, payload, correlationData };
}

/** A failure's cause is for the log: it may be circular, and its stack is nobody's business. */
function jsonOf(result: unknown): string | undefined {
  return JSON.stringify(result, (name, value) => {
    if (name === 'cause') return undefined;
    return typeof value === 'bigint' ? String(value) : value;
  });
}
