/** A command as it arrived and passed the schema (agent/commands/envelope.ts). */
export type Command = {
  /** Unique per command; a repeated id is answered from memory and not executed again. */
  readonly id: string;
  readonly verb: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970 UTC. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly replyTo: string | undefined;
  readonly correlationId: string | undefined;
};

/** `accepted` is followed by `succeeded` or `failed`. `rejected` stands alone: nothing was executed. */
export type ReplyStatus = 'accepted' | 'succeeded' | 'failed' | 'rejected';

/** What the sender of a command is told. */
export type Reply = {
  readonly id: string;
  readonly verb: string;
  readonly status: ReplyStatus;
  readonly thing: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly result?: unknown;
  readonly error?: { readonly code: string; readonly message: string };
  readonly correlationId?: string;
  /** The result was too large to send, or to keep for a repeated command. */
  readonly truncated?: true;
};
