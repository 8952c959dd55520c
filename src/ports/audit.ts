/** One trust decision, rollout step or command. `at` is milliseconds since 1970 UTC. */
export type AuditEntry = {
  readonly at: number;
  readonly event: string;
  /** Small and flat; no secrets. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
};

/**
 * The append-only trail: each entry holds the hash of the one before it, so that a changed or missing entry shows.
 * Durability: an entry is on disk when `append` resolves. Bounded: the oldest file goes when the cap is reached, and the
 * chain starts from its last hash. Never throws: what could not be written is counted, and told by the next entry.
 */
export interface Audit {
  start(): Promise<void>;
  stop(): Promise<void>;
  append(entry: AuditEntry): Promise<void>;
}
