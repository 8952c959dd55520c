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

/**
 * What following the chain has shown. `torn`: the last line has no end, as a power cut fell into a write that nobody was
 * told to be done. What a thief cuts off at the end does not show: compare `lastHash` with what was noted elsewhere.
 */
export type AuditVerdict =
  | { readonly ok: true; readonly entries: number; readonly lastHash: string; readonly torn: boolean }
  | { readonly ok: false; readonly file: string; readonly line: number; readonly reason: string };
