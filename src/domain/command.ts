/** A command as it arrived and passed the schema (config/command-schema is in agent/commands). */
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

export type ReplyStatus = 'accepted' | 'succeeded' | 'failed' | 'rejected';
